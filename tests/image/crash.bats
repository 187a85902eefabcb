# kill -9 at random moments of pull, load and remove: afterwards the store opens, and every image that it lists verifies.
# COFFER_CRASHES says how many have to be killed in the middle of it (50).
load store.bash

# strike COMMAND...: kills it after a random part of the time that it takes; counts in $KILLED how often it still lived.
strike() {
	local pid status=0
	"$@" >/dev/null 2>&1 3>&- &
	pid=$!
	sleep "0.0$((RANDOM % 3))$((RANDOM % 10))"
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || status=$?
	[[ $status -ne 137 ]] || KILLED=$((KILLED + 1))
}

# Bits of what is made are left only by whoever was killed: the next takes them away.
check_store() {
	succeeds image list -q
	succeeds image verify --all --check
	equal "$OUT" ""
}

@test "kill -9 of pull, load and remove" {
	local i count=${COFFER_CRASHES:-50} KILLED=0
	succeeds image pull -q --name stays "oci:$LAYOUT:base"
	succeeds image save stays "docker-archive:$TEST_DIR/base.tar"
	for ((i = 0; KILLED < count; i++)); do
		[[ $i -lt $((count * 20)) ]] || { echo "only $KILLED of $i were killed before they were done" && return 1; }
		case $((RANDOM % 5)) in
		0) strike "$COFFER_IMAGE" pull -q --name "a$((i % 3))" "oci:$LAYOUT:next" ;;
		1) strike "$COFFER_IMAGE" load -q --name "b$((i % 3))" "$TEST_DIR/base.tar" ;;
		2) strike "$COFFER_IMAGE" remove --force "a$((RANDOM % 3))" "b$((RANDOM % 3))" ;;
		3) strike "$COFFER_IMAGE" prune --all ;;
		4) strike "$COFFER_IMAGE" verify --all ;;
		esac
		check_store
	done
	echo "# $KILLED of $i were killed before they were done" >&3
	succeeds image pull -q --name stays "oci:$LAYOUT:base"
	succeeds image verify stays
	succeeds image prune --all
	equal "$(files blobs/sha256)$(files layers/sha256)$(files images)$(files names)$(files staging)" ""
}
