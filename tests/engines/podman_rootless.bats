#!/usr/bin/env bats
# Podman as an ordinary user: coffer then runs as root of Podman's user namespace, with the cgroups systemd delegated.
# shellcheck disable=SC2154,SC2030,SC2031 # variables of helpers.bash and of bats
load helpers

setup_file() {
	[[ ${COFFER_VM-} == 1 ]] || return 0
	engine_setup
	as_user sh -c 'mkdir -p ~/.config/containers && cat >~/.config/containers/containers.conf' <<-END
		[engine]
		runtime = "coffer"
		events_logger = "file"
		runtime_supports_json = ["coffer", "crun", "runc"]
		runtime_supports_nocgroups = ["coffer", "crun"]
		[engine.runtimes]
		coffer = ["$installed"]
	END
	image_tar | as_user podman import - busybox >/dev/null
}

setup() {
	need_vm
}

teardown() {
	[[ ${COFFER_VM-} != 1 ]] || as_user podman rm --all --force --time 0 >/dev/null
}

@test "rootless podman run returns output and status" {
	run as_user podman run --rm --network none busybox sh -c 'id -u; exit 3'
	expect test "$status" -eq 3
	expect grep -qx 0 <<<"$output"
}

# One session: what is left running at its end is killed with it.
@test "rootless podman run -d, exec, exec -t, pause, stop and rm" {
	run as_user sh -c 'set -e
		podman run -d --name cc --network none busybox sleep 1000 >/dev/null
		podman exec cc sh -c "echo in; exit 4" || echo "status $?"
		podman exec -t cc sh -c "test -t 1 && echo terminal"
		podman pause cc >/dev/null
		podman inspect --format "{{.State.Status}}" cc
		podman unpause cc >/dev/null
		podman stop --time 1 cc >/dev/null
		podman rm cc >/dev/null
		echo done'
	expect test "$status" -eq 0
	expect grep -qx in <<<"$output"
	expect grep -qx 'status 4' <<<"$output"
	expect grep -q terminal <<<"$output"
	expect grep -qx paused <<<"$output"
	expect grep -qx 'done' <<<"$output"
}

@test "rootless podman with its default network" {
	run as_user podman run --rm busybox sh -c 'cat /proc/net/dev'
	expect test "$status" -eq 0
	expect grep -q lo: <<<"$output"
}

@test "rootless podman run of a missing program is 127" {
	run -127 as_user podman run --rm --network none busybox nosuchprogram
}

@test "rootless podman run -t gives a terminal" {
	run as_user podman run --rm -t --network none busybox sh -c 'test -t 0 && echo terminal'
	expect grep -q terminal <<<"$output"
}

@test "a rootless container is in a scope of the user's systemd, with its limits" {
	run as_user sh -c 'id=$(podman run -d --network none --memory 64m busybox sleep 1000)
		cat "/proc/$(podman inspect --format "{{.State.Pid}}" "$id")/cgroup"
		podman exec "$id" cat /sys/fs/cgroup/memory.max
		podman rm --force --time 0 "$id" >/dev/null'
	expect test "$status" -eq 0
	expect grep -Eq '^0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-[0-9a-f]+.scope/container$' <<<"$output"
	expect grep -qx 67108864 <<<"$output"
}
