# The power goes at random moments of pull, load and remove: a journaled ext4 is shut down without its log being written
# (EXT4_IOC_SHUTDOWN), so that what was not synced is lost, and mounted again. The store opens, every image that it lists
# verifies, and what a command said was done is done. COFFER_POWER_CUTS says how often (25); a third of them cut right
# after the command's end.
load store.bash

# On a disk of this test's own, in a mount namespace of its own.
setup_disk() {
	truncate -s 512M "$TEST_DIR/disk"
	mke2fs -q -t ext4 -E lazy_itable_init=1 "$TEST_DIR/disk"
	mkdir "$TEST_DIR/mnt"
	exec {READY}< <(exec unshare --mount --propagation private sh -c 'echo ready && exec >/dev/null 2>&1
		while kill -0 "$0"; do sleep 3; done' "$$" 3>&- 4>&- </dev/null)
	HOLDER=$!
	read -r -t 20 -u "$READY"
	COFFER_STORE=$TEST_DIR/mnt/store
	export COFFER_STORE
	there mount -o loop "$TEST_DIR/disk" "$TEST_DIR/mnt" || skip "no loop device to mount a disk from"
}

there() {
	nsenter --mount="/proc/$HOLDER/ns/mnt" "$@" 3>&-
}

image() {
	there timeout 60 "$COFFER_IMAGE" "$@"
}

# Cuts when it is told a number of seconds, after so long. EXT4_GOING_FLAGS_NOLOGFLUSH: as when the power goes.
start_cutter() {
	coproc CUTTER { there python3 -c 'import fcntl, os, struct, sys, time
disk = os.open(sys.argv[1], os.O_RDONLY)
print("ready", flush=True)
time.sleep(float(input()))
fcntl.ioctl(disk, 0x8004587d, struct.pack("I", 2))' "$TEST_DIR/mnt"; }
	read -r -t 20 -u "${CUTTER[0]}"
}

power_is_back() {
	there umount "$TEST_DIR/mnt"
	there mount -o loop "$TEST_DIR/disk" "$TEST_DIR/mnt"
}

# cut_during COMMAND...: after a part of the time that it takes, or once it has ended. DONE is set if it said that it was
# done.
cut_during() {
	local pid status=0 cutter
	start_cutter
	cutter=$CUTTER_PID
	image "$@" >/dev/null 2>&1 &
	pid=$!
	if [[ $((RANDOM % 3)) -gt 0 ]]; then
		echo "0.0$((RANDOM % 6))$((RANDOM % 10))" >&"${CUTTER[1]}"
		wait "$pid" || status=$?
	else
		wait "$pid" || status=$?
		echo 0 >&"${CUTTER[1]}"
	fi
	wait "$cutter"
	DONE=$([[ $status -ne 0 ]] || echo yes)
	power_is_back
}

check_store() {
	succeeds image list -q
	succeeds image verify --all
}

is_listed() {
	image list | grep -q "/$1:latest "
}

@test "the power goes during pull, load and remove" {
	local i name count=${COFFER_POWER_CUTS:-25} done_pulls=0 cut_pulls=0
	setup_disk
	succeeds image pull -q --name stays "oci:$LAYOUT:base"
	succeeds image save stays "docker-archive:$TEST_DIR/base.tar"
	there sync --file-system "$TEST_DIR/mnt"
	for ((i = 0; i < count; i++)); do
		name=image$((RANDOM % 2))
		if ! is_listed "$name"; then
			if [[ $((i % 2)) -eq 0 ]]; then
				cut_during pull -q --name "$name" "oci:$LAYOUT:next"
			else
				cut_during load -q --name "$name" "$TEST_DIR/base.tar"
			fi
			check_store
			if [[ $DONE ]]; then
				is_listed "$name" || told "cut $i: $name was there and is gone"
				done_pulls=$((done_pulls + 1))
			else
				cut_pulls=$((cut_pulls + 1))
			fi
		else
			cut_during remove --force "$name"
			check_store
			[[ ! $DONE ]] || ! is_listed "$name" || told "cut $i: $name was removed and is back"
		fi
		succeeds image verify stays
	done
	echo "# $done_pulls cuts after a pull or load, $cut_pulls during one" >&3
	there umount "$TEST_DIR/mnt"
	kill "$HOLDER"
}
