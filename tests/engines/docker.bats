#!/usr/bin/env bats
# Docker drives coffer through containerd's runc shim: run, exec, limits, update, pause, exit codes, stop, remove; in
# scopes of systemd, as is its own choice on this machine.
# shellcheck disable=SC2154,SC2030,SC2031 # variables of helpers.bash and of bats
load helpers

setup_file() {
	[[ ${COFFER_VM-} == 1 ]] || return 0
	engine_setup
	mkdir -p /etc/docker
	cat >/etc/docker/daemon.json <<-END
		{ "runtimes": { "coffer": { "path": "$installed" } }, "default-runtime": "coffer",
		  "bridge": "none", "iptables": false }
	END
	systemctl restart docker
	image_tar | docker import - busybox >/dev/null
}

teardown_file() {
	[[ ${COFFER_VM-} != 1 ]] || systemctl stop docker docker.socket
}

setup() {
	need_vm
}

teardown() {
	[[ ${COFFER_VM-} != 1 ]] || docker ps -aq | xargs -r docker rm -f >/dev/null
}

@test "docker takes coffer as its default runtime" {
	run docker info --format '{{.DefaultRuntime}}'
	expect test "$output" = coffer
}

@test "docker's containers are in scopes of systemd, which go with them" {
	local id
	run docker info --format '{{.CgroupDriver}}'
	expect test "$output" = systemd
	id=$(docker run -d --network none busybox sleep 1000)
	run cat "/proc/$(docker inspect --format '{{.State.Pid}}' "$id")/cgroup"
	expect test "$output" = "0::/system.slice/docker-$id.scope/container"
	docker rm -f "$id"
	eventually 5 test ! -e "/sys/fs/cgroup/system.slice/docker-$id.scope"
}

@test "docker run prints what the container prints and returns its status" {
	run docker run --rm --network none busybox sh -c 'echo hello; exit 3'
	expect test "$status" -eq 3
	expect test "$output" = hello
}

@test "docker run and exec have docker's AppArmor profile" {
	docker run -d --name dd --network none busybox sleep 1000
	run docker exec dd cat /proc/1/attr/current /proc/self/attr/current
	expect test "$output" = $'docker-default (enforce)\ndocker-default (enforce)'
}

@test "docker run enforces memory, cpu and pids limits" {
	run docker run --rm --network none --memory 64m --cpus 0.5 --pids-limit 20 busybox \
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max
	expect test "$output" = $'67108864\n50000 100000\n20'
}

@test "docker run of a missing program is 127, of a file without x bit 126" {
	run -127 docker run --rm --network none busybox nosuchprogram
	run docker run --rm --network none busybox /etc/passwd
	expect test "$status" -eq 126
}

@test "docker run -t gives a terminal" {
	run docker run --rm -t --network none busybox sh -c 'test -t 0 && test -t 1 && echo terminal'
	expect grep -q terminal <<<"$output"
}

@test "docker exec, top, pause, unpause, update" {
	docker run -d --name dd --network none --memory 64m --memory-swap 64m busybox sleep 1000
	run docker exec dd sh -c 'id -u; exit 4'
	expect test "$status" -eq 4
	run docker exec -t dd sh -c 'test -t 1 && echo terminal'
	expect grep -q terminal <<<"$output"
	run docker top dd
	expect grep -q 'sleep 1000' <<<"$output"
	docker pause dd
	run docker inspect --format '{{.State.Status}}' dd
	expect test "$output" = paused
	docker unpause dd
	docker update --memory 100m --memory-swap 100m dd
	run docker exec dd cat /sys/fs/cgroup/memory.max
	expect test "$output" = 104857600
}

has_finished() {
	docker logs dd | grep -q finished
}

@test "docker run with the annotation stops at the memory limit, and a decision or docker update lets it go on" {
	local id root=/run/docker/runtime-runc/moby decision
	for decision in '"$installed" --root $root oom raise "$id" 128m' 'docker update --memory 128m --memory-swap 128m dd'; do
		id=$(docker run -d --name dd --network none --memory 32m --memory-swap 32m --annotation run.coffer.oom=freeze \
			--annotation run.coffer.oom-timeout=0 busybox sh -c "$greedy")
		eventually 60 is_frozen "$root" "$id"
		eval "$decision"
		eventually 60 has_finished
		run "$installed" --root "$root" oom show "$id"
		expect jq -e '.kernelKills == 0 and .hits == 1 and .limit == 134217728' <<<"$output"
		docker rm -f dd
	done
}

@test "docker stop lets the program end itself, docker kill does not" {
	docker run -d --name dd --network none busybox sh -c 'trap "exit 5" TERM; while true; do sleep 0.1; done'
	sleep 1
	docker stop --time 10 dd
	run docker inspect --format '{{.State.ExitCode}}' dd
	expect test "$output" = 5
	docker rm dd
	docker run -d --name dd --network none busybox sleep 1000
	docker kill dd
	run docker wait dd
	expect test "$output" = 137
	docker rm dd
}

@test "docker run --read-only with a volume, a tmpfs and a user" {
	mkdir -p /run/docker-volume
	chmod 777 /run/docker-volume
	run docker run --rm --network none --read-only --tmpfs /scratch -v /run/docker-volume:/data --user 5:6 busybox \
		sh -c 'touch /data/b && ! touch /c 2>/dev/null && id'
	expect grep -q 'uid=5 gid=6' <<<"$output"
	expect test -e /run/docker-volume/b
}

@test "docker's default seccomp profile is loaded" {
	run docker run --rm --network none busybox cat /proc/self/status
	expect grep -Eq '^Seccomp:\s+2' <<<"$output"
}
