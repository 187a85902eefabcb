#!/usr/bin/env bats
# Podman as root drives coffer through conmon: run, exec, limits, terminals, exit codes, pause, stop, remove; in scopes of
# systemd, as is its own choice on this machine, and once without.
# shellcheck disable=SC2154,SC2030,SC2031 # variables of helpers.bash and of bats
load helpers

setup_file() {
	[[ ${COFFER_VM-} == 1 ]] || return 0
	engine_setup
	mkdir -p /etc/containers
	cat >/etc/containers/containers.conf <<-END
		[engine]
		runtime = "coffer"
		runtime_supports_json = ["coffer", "crun", "runc"]
		runtime_supports_nocgroups = ["coffer", "crun"]
		[engine.runtimes]
		coffer = ["$installed"]
	END
	image_tar | podman import - busybox >/dev/null
}

setup() {
	need_vm
}

teardown() {
	[[ ${COFFER_VM-} != 1 ]] || podman rm --all --force --time 0 >/dev/null
}

@test "podman says that coffer is its runtime" {
	run podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}'
	expect test "$status" -eq 0
	expect grep -q '^coffer coffer version' <<<"$output"
}

@test "podman's containers are in scopes of systemd, which go with them; with cgroupfs they are in none" {
	local id
	id=$(podman run -d --memory 64m busybox sleep 1000)
	run cat "/proc/$(podman inspect --format '{{.State.Pid}}' "$id")/cgroup"
	expect test "$output" = "0::/machine.slice/libpod-$id.scope/container"
	podman rm --force --time 0 "$id"
	eventually 5 test ! -e "/sys/fs/cgroup/machine.slice/libpod-$id.scope"
	id=$(podman --cgroup-manager cgroupfs run -d --memory 64m busybox sleep 1000)
	run cat "/proc/$(podman inspect --format '{{.State.Pid}}' "$id")/cgroup"
	expect test "$output" = "0::/libpod_parent/libpod-$id"
	podman --cgroup-manager cgroupfs rm --force --time 0 "$id"
}

@test "podman run prints what the container prints and returns its status" {
	run podman run --rm busybox sh -c 'echo hello; exit 3'
	expect test "$status" -eq 3
	expect test "$output" = hello
}

@test "podman run enforces memory, cpu and pids limits" {
	run podman run --rm --memory 64m --cpus 0.5 --pids-limit 20 busybox \
		cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max /sys/fs/cgroup/pids.max
	expect test "$status" -eq 0
	expect test "$output" = $'67108864\n50000 100000\n20'
}

@test "podman run --memory 1m starts a program" {
	run podman run --rm --memory 1m --memory-swap 1m busybox echo small
	expect test "$output" = small
}

@test "podman run of a missing program is 127, of a file without x bit 126" {
	run -127 podman run --rm busybox nosuchprogram
	run podman run --rm busybox /etc/passwd
	expect test "$status" -eq 126
}

@test "podman run -t gives a terminal" {
	run podman run --rm -t busybox sh -c 'test -t 0 && test -t 1 && echo terminal'
	expect grep -q terminal <<<"$output"
}

@test "podman exec, exec -t, exec --user, and their statuses" {
	podman run -d --name c busybox sleep 1000
	run podman exec c sh -c 'id -u; exit 4'
	expect test "$status" -eq 4
	expect test "$output" = 0
	run podman exec --user 5:6 c id
	expect grep -q 'uid=5 gid=6' <<<"$output"
	run podman exec -t c sh -c 'test -t 1 && echo terminal'
	expect grep -q terminal <<<"$output"
	run -127 podman exec c nosuchprogram
}

@test "podman ps, top, stats and inspect see the container" {
	podman run -d --name c busybox sleep 1000
	run podman top c pid comm
	expect grep -q sleep <<<"$output"
	run podman inspect --format '{{.State.Status}} {{.OCIRuntime}}' c
	expect test "$output" = 'running coffer'
	run podman stats --no-stream --no-reset --format '{{.PIDs}}' c
	expect grep -qx 1 <<<"$(tail -n 1 <<<"$output")"
}

@test "podman pause freezes, unpause thaws" {
	podman run -d --name c busybox sleep 1000
	podman pause c
	run podman inspect --format '{{.State.Status}}' c
	expect test "$output" = paused
	podman unpause c
	run podman inspect --format '{{.State.Status}}' c
	expect test "$output" = running
}

@test "podman update changes a limit of a running container" {
	podman run -d --name c --memory 64m busybox sleep 1000
	podman update --memory 32m c
	run podman exec c cat /sys/fs/cgroup/memory.max
	expect test "$output" = 33554432
}

has_finished() {
	podman logs "$1" | grep -q finished
}

@test "podman run with the annotation stops at the memory limit, and podman update lets it go on" {
	local id
	id=$(podman run -d --memory 32m --memory-swap 32m --annotation run.coffer.oom=freeze \
		--annotation run.coffer.oom-timeout=0 busybox sh -c "$greedy")
	eventually 60 is_frozen /run/coffer "$id"
	podman update --memory 128m --memory-swap 128m "$id"
	eventually 60 has_finished "$id"
	run "$installed" oom show "$id"
	expect jq -e '.kernelKills == 0 and .hits == 1 and .limit == 134217728' <<<"$output"
}

@test "podman kill and stop end the container, rm leaves nothing" {
	podman run -d --name c busybox sh -c 'trap "exit 5" TERM; while true; do sleep 0.1; done'
	podman stop --time 10 c
	run podman inspect --format '{{.State.ExitCode}}' c
	expect test "$output" = 5
	podman rm c
	podman run -d --name c busybox sleep 1000
	podman kill c
	eventually 10 test "$(podman wait c)" = 137
	podman rm c
	run ls /run/coffer
	expect test -z "$output"
}

@test "podman run --userns auto-like mapping gives other host ids" {
	run podman run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 busybox cat /proc/self/uid_map
	expect test "$status" -eq 0
	expect grep -Eq '^ *0 +100000 +65536' <<<"$output"
}

@test "podman run --read-only, --tmpfs and --volume mount as asked" {
	mkdir -p /run/engine-volume
	run podman run --rm --read-only --tmpfs /scratch -v /run/engine-volume:/data busybox \
		sh -c 'touch /scratch/a /data/b && ! touch /c 2>/dev/null && echo right'
	expect test "$output" = right
	expect test -e /run/engine-volume/b
}

@test "podman run --cap-drop, --security-opt no-new-privileges and seccomp are in effect" {
	run podman run --rm --cap-drop all --security-opt no-new-privileges busybox cat /proc/self/status
	expect grep -Eq '^CapEff:\s+0000000000000000' <<<"$output"
	expect grep -Eq '^NoNewPrivs:\s+1' <<<"$output"
	expect grep -Eq '^Seccomp:\s+2' <<<"$output"
}

@test "a pod's containers share the network and ipc namespaces" {
	podman run -d --name c busybox sleep 1000
	run podman run --rm --network container:c --ipc container:c --pid container:c busybox ps
	expect grep -q 'sleep 1000' <<<"$output"
}
