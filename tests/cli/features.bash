# features.bash - configs and assertions for the bats files that prove one subject of the config each; after helpers.
# The container of a test is called c unless it needs several.
# shellcheck shell=bash
# shellcheck disable=SC2016 # variables in quotes are jq's or the container's

# ---- the config ----

# script TEXT: the container's program is this shell script.
script() {
	bundle_args /bin/sh -c "$1"
}

# add_mount DESTINATION TYPE SOURCE OPTION...
add_mount() {
	bundle_config '.mounts += [{destination: $ARGS.positional[0], type: $ARGS.positional[1],
		source: $ARGS.positional[2], options: $ARGS.positional[3:]}]' --args -- "$@"
}

# namespace TYPE [PATH]: a new one, or the one of this path.
namespace() {
	bundle_config '.linux.namespaces |= map(select(.type != $type)) +
		[{type: $type} + if $path == "" then {} else {path: $path} end]' --arg type "$1" --arg path "${2-}"
}

no_namespace() {
	bundle_config '.linux.namespaces |= map(select(.type != $type))' --arg type "$1"
}

# A new user namespace for the ids 0..65535, which are 100000.. on the host; the root file system belongs to them.
user_namespace() {
	namespace user
	bundle_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown -R -h 100000:100000 "$BUNDLE/rootfs"
}

# user UID GID [GROUP...]
user() {
	bundle_config '.process.user = {uid: $ids[0], gid: $ids[1], additionalGids: $ids[2:]}' \
		--argjson ids "[$(IFS=, && echo "$*")]"
}

# caps SET=NAME[,NAME...]...: these sets and no others.
caps() {
	bundle_config '.process.capabilities = ($ARGS.positional | map(split("=") |
		{key: .[0], value: (.[1] | split(",") | map(select(. != "")))}) | from_entries)' --args -- "$@"
}

# ---- running ----

# A command in the mount namespace of the file, on the host's side.
inside() {
	nsenter --mount="/proc/$HOLDER/ns/mnt" -- "$@"
}

# host_mount MOUNT_OPTION...: a mount of the test itself, which the check for leftovers then knows.
host_mount() {
	inside mount "$@"
	remember_host
}

# The root file system on a mount where devices work, which /dev/shm need not be.
dev_root() {
	host_mount --bind "$BUNDLE/rootfs" "$BUNDLE/rootfs"
	host_mount -o remount,bind,dev "$BUNDLE/rootfs"
}

# in_container SCRIPT: runs the script in a container from create to delete; what it printed is in $OUT.
in_container() {
	script "$1"
	succeeds coffer run c </dev/null
}

# refused TEXT...: the config is refused in one line that has all of the texts, and nothing of the container is left.
refused() {
	refused_with 1 "$@"
}

# refused_with STATUS TEXT...
refused_with() {
	local text
	fails "$1" "$2" coffer run c </dev/null
	for text in "${@:2}"; do
		[[ $ERR == *"$text"* ]] || told "no \"$text\""
	done
	[[ ! -e $ROOT/c ]] || told "the state directory is left"
}

# ---- looking ----

# prints TEXT: $OUT is this.
prints() {
	equal "$OUT" "$1"
}

# says TEXT...: $OUT has each of them.
says() {
	local text
	for text; do
		[[ $OUT == *"$text"* ]] || { printf 'no "%s" in:\n%s\n' "$text" "$OUT" && return 1; }
	done
}

# matches REGEX: $OUT, which is shown if not.
matches() {
	[[ $OUT =~ $1 ]] || { printf 'no match of %s:\n%s\n' "$1" "$OUT" && return 1; }
}

# line NUMBER: of $OUT.
line() {
	sed -n "$1p" <<<"$OUT"
}

# not COMMAND...: "!" alone fails no test.
not() {
	if "$@"; then
		echo "succeeded: $*"
		return 1
	fi
}

# ns_of PID KIND: which namespace, as /proc/PID/ns/KIND says.
ns_of() {
	readlink "/proc/$1/ns/$2"
}
