#!/usr/bin/env bats
# containerd alone: through ctr and the runc shim with coffer as its binary, and through CRI as a kubelet does.
# shellcheck disable=SC2154,SC2030,SC2031 # variables of helpers.bash and of bats
load helpers

setup_file() {
	[[ ${COFFER_VM-} == 1 ]] || return 0
	engine_setup
	# The handler coffer-systemd is that of our README, as it stands there, and coffer the same with cgroupfs; the
	# sandbox's own process only sleeps.
	readme_handler >/run/engine-handler.toml
	sed 's/runtimes\.coffer\b/runtimes.coffer-systemd/' /run/engine-handler.toml |
		cat - <(sed 's/, SystemdCgroup = true//' /run/engine-handler.toml) >/run/engine-handlers.toml
	cat - /run/engine-handlers.toml >/etc/containerd/config.toml <<-END
		version = 2
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost/busybox:latest"
		[plugins."io.containerd.grpc.v1.cri".containerd]
		default_runtime_name = "coffer"
	END
	systemctl restart containerd
	image_tar | docker_archive >/run/engine-image.tar
	local namespace
	for namespace in default k8s.io; do
		ctr -n "$namespace" image import --index-name localhost/busybox:latest /run/engine-image.tar >/dev/null
	done
}

readme_handler() {
	sed -n '/^ *\[plugins.*runtimes.coffer/,/^$/p' README.md
}

# An image archive of one layer, in the format of docker save, from a tar on stdin.
docker_archive() {
	local dir diff config
	dir=$(mktemp -d)
	cat >"$dir/layer.tar"
	diff=$(sha256sum <"$dir/layer.tar" | cut -d ' ' -f 1)
	printf '{"architecture":"amd64","os":"linux","config":{"Cmd":["sleep","1000"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$diff" >"$dir/config.json"
	config=config.json
	printf '[{"Config":"%s","RepoTags":["localhost/busybox:latest"],"Layers":["layer.tar"]}]' "$config" \
		>"$dir/manifest.json"
	tar -C "$dir" -cf - manifest.json config.json layer.tar
	rm -rf "$dir"
}

setup() {
	need_vm
}

teardown() {
	[[ ${COFFER_VM-} == 1 ]] || return 0
	ctr task kill --signal KILL --all c 2>/dev/null || true
	eventually 5 test -z "$(ctr task ls -q)" || true
	ctr task rm -f c 2>/dev/null || true
	ctr container rm c 2>/dev/null || true
}

ctr_run() {
	ctr run --runc-binary "$installed" "$@"
}

@test "ctr run prints what the container prints and returns its status" {
	run ctr_run --rm localhost/busybox:latest c sh -c 'echo hello; exit 3'
	expect test "$status" -eq 3
	expect grep -qx hello <<<"$output"
}

# What is done to container c from its start to its end; its memory.max is in the directory CGROUP.
lives_in() { # CGROUP
	run cat "$1/memory.max"
	expect test "$output" = 67108864
	run ctr task exec --exec-id e1 c sh -c 'echo in; exit 4'
	expect test "$status" -eq 4
	expect grep -qx in <<<"$output"
	run ctr task ps c
	expect test "$(wc -l <<<"$output")" -eq 2
	ctr task pause c
	run ctr task ls
	expect grep -q PAUSED <<<"$output"
	ctr task resume c
	ctr task kill --signal KILL c
	eventually 10 sh -c 'ctr task ls | grep -q STOPPED'
	ctr task rm c
	ctr container rm c
	run ls /run/containerd/runc/default
	expect test -z "$output"
}

@test "ctr run with a memory limit, exec, pause, resume, ps, kill, rm" {
	ctr_run -d --memory-limit 67108864 localhost/busybox:latest c sleep 1000
	lives_in /sys/fs/cgroup/default/c
}

@test "ctr run with systemd's cgroups: the same in a scope, which goes with the container" {
	local scope=/sys/fs/cgroup/machine.slice/ctr-c.scope
	ctr_run -d --runc-systemd-cgroup --cgroup machine.slice:ctr:c --memory-limit 67108864 \
		localhost/busybox:latest c sleep 1000
	lives_in "$scope/container"
	eventually 5 test ! -e "$scope"
}

# has_all ROOT ID HITS: it went on after so many decisions, to its end.
has_all() {
	"$installed" --root "$1" oom show "$2" | jq -e --argjson hits "$3" \
		'.kernelKills == 0 and .hits == $hits and .limit == 134217728 and .shmem >= 41943040'
}

@test "ctr run with the annotation stops at the memory limit, and a decision lets it go on" {
	local root=/run/containerd/runc/default
	ctr_run -d --memory-limit 33554432 --annotation run.coffer.oom=freeze --annotation run.coffer.oom-timeout=0 \
		--mount type=tmpfs,src=tmpfs,dst=/dev/shm localhost/busybox:latest c sh -c "$greedy"
	eventually 60 is_frozen "$root" c
	"$installed" --root "$root" oom raise c 128m
	eventually 60 has_all "$root" c 1
}

cri() {
	"$BATS_TEST_DIRNAME/cri.py" /run/containerd/containerd.sock "$@"
}

# is_listed_frozen ROOT ID: as a person sees it.
is_listed_frozen() {
	"$installed" --root "$1" oom list | grep -q "^$2 *frozen "
}

@test "a pod's annotation stops its container at the memory limit; a raise and a kubelet's update let it go on" {
	local root=/run/containerd/runc/k8s.io pod id
	read -r pod id < <(cri run coffer localhost/busybox:latest 32 run.coffer.oom=freeze run.coffer.oom-timeout=0 -- \
		sh -c "$greedy")
	eventually 60 is_listed_frozen "$root" "$id"
	"$installed" --root "$root" oom raise "$id" 40m
	eventually 60 is_listed_frozen "$root" "$id"
	cri update "$id" 128
	eventually 60 has_all "$root" "$id" 2
	cri remove "$pod"
	run ls "$root"
	expect test -z "$output"
}

@test "a pod's container is in its pod's slice, and a kubelet's update reaches it" {
	local slice=/sys/fs/cgroup/cri.slice/cri-test.slice pod id
	read -r pod id < <(cri run coffer-systemd localhost/busybox:latest 64 -- sleep 1000)
	run cat "$slice/cri-containerd-$id.scope/container/memory.max"
	expect test "$output" = 67108864
	cri update "$id" 128
	run cat "$slice/cri-containerd-$id.scope/container/memory.max"
	expect test "$output" = 134217728
	cri remove "$pod"
	eventually 5 test ! -e "$slice/cri-containerd-$id.scope"
	systemctl stop cri.slice
}

@test "ctr run of a missing program says so and leaves nothing" {
	run ctr_run --rm localhost/busybox:latest c nosuchprogram
	expect test "$status" -ne 0
	expect grep -q 'executable file not found' <<<"$output"
	run ctr task ls -q
	expect test -z "$output"
}
