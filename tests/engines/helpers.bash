# helpers.bash - what the engine tests share. They run in the test VM only, as root: they install the program under
# test and write the engines' configuration. Images are made here; nothing is downloaded.
# shellcheck shell=bash

load ../untraced

bats_require_minimum_version 1.5.0 # run -127

export installed=/usr/local/bin/coffer
export image_root=/run/engine-image

need_vm() {
	[[ ${COFFER_VM-} == 1 ]] || skip "runs in the test VM only: it changes the engines' configuration"
}

# The program under test at the path that the configurations name, and a root file system of busybox.
engine_setup() {
	[[ ${COFFER_VM-} == 1 ]] || return 0
	install -m 755 "$COFFER" "$installed"
	[[ -d $image_root ]] || make_image_root
}

make_image_root() {
	mkdir -p "$image_root"/{bin,etc,tmp,root}
	cp /bin/busybox "$image_root/bin/"
	local applet
	for applet in sh cat id sleep echo true false ps touch env trap kill; do
		ln -sf busybox "$image_root/bin/$applet"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$image_root/etc/passwd"
	echo 'root:x:0:' >"$image_root/etc/group"
	chmod -R a+rX "$image_root"
}

image_tar() {
	tar -C "$image_root" -cf - .
}

# As an ordinary user with a systemd session of its own.
as_user() {
	as-tester "$@"
}

# Waits until a command succeeds, at most $1 seconds.
eventually() {
	local left=$(($1 * 5))
	shift
	until "$@"; do
		((left-- > 0)) || return 1
		sleep 0.2
	done
}

# is_frozen ROOT ID: at its memory limit.
is_frozen() {
	[[ $("$installed" --root "$1" oom show "$2" | jq -r .state) == frozen ]]
}

# What a container runs that wants 40 MiB, and a line when it has them.
export greedy='busybox head -c 41943040 /dev/zero >/dev/shm/a; echo finished; sleep 1000'

# What the last `run` printed, when a check on it fails.
# shellcheck disable=SC2154 # status and output are bats'
expect() {
	"$@" && return
	echo "status $status; output: $output"
	return 1
}
