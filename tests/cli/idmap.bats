#!/usr/bin/env bats
# idmap.bats - linux.uidMappings and gidMappings, and the mounts whose ids are mapped: runtime-spec config-linux.md "User
# namespace mappings", config.md "Mounts" (idmap, ridmap, uidMappings, gidMappings).

load helpers
load features

# A tree to bind: files of 0:0, 1000:1000 and, on a mount of its own below, 1000:1000.
make_source() {
	mkdir "$TEST_DIR/source"
	host_mount -t tmpfs none "$TEST_DIR/source"
	inside mkdir "$TEST_DIR/source/sub"
	host_mount -t tmpfs none "$TEST_DIR/source/sub"
	inside touch "$TEST_DIR"/source/{root,user,sub/deep}
	inside chown 1000:1000 "$TEST_DIR"/source/{user,sub/deep}
}

owners='cd /data && stat -c "%n %u:%g" root user sub/deep'

@test "the ids of a new user namespace are the mapped ones, here and on the host" {
	local pid
	user_namespace
	user 7 8
	running c
	pid=$(pid_of c)
	equal "$(tr -s ' ' <"/proc/$pid/uid_map")" " 0 100000 65536"
	equal "$(tr -s ' ' <"/proc/$pid/gid_map")" " 0 100000 65536"
	equal "$(awk '/^[UG]id:/ { print $2 }' "/proc/$pid/status" | xargs)" "100007 100008"
	succeeds coffer exec c id -u
	prints 7
}

@test "several ranges with gaps" {
	user_namespace
	bundle_config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10},
		{containerID: 1000, hostID: 300000, size: 1}] | .linux.gidMappings = .linux.uidMappings'
	in_container 'tr -s " " </proc/self/uid_map'
	prints $' 0 100000 10\n 1000 300000 1'
}

@test "the default devices of a user namespace are the host's, bound, and work" {
	user_namespace
	in_container 'echo x >/dev/null; head -c 2 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; ls /dev/full /dev/tty'
	prints $'2\n3\n/dev/full\n/dev/tty'
}

@test "what the container writes belongs to the mapped ids; ownership of the root file system is left alone" {
	user_namespace
	bundle_config '.root.readonly = false'
	in_container 'touch /tmp/new'
	equal "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/new" "$BUNDLE/rootfs/bin/busybox" | xargs)" "100000:100000 100000:100000"
}

@test "a bind without idmap shows unmapped ids as nobody" {
	user_namespace
	make_source
	add_mount /data bind "$TEST_DIR/source" rbind
	in_container "$owners"
	prints $'root 65534:65534\nuser 65534:65534\nsub/deep 65534:65534'
}

@test "idmap maps the ids of the bind as the container's user namespace does, of the one mount only" {
	user_namespace
	make_source
	add_mount /data bind "$TEST_DIR/source" rbind idmap
	in_container "$owners"
	prints $'root 0:0\nuser 1000:1000\nsub/deep 65534:65534'
	equal "$(inside stat -c %u "$TEST_DIR/source/root")" 0
}

@test "ridmap maps the mounts below as well" {
	user_namespace
	make_source
	add_mount /data bind "$TEST_DIR/source" rbind ridmap
	in_container "$owners; touch /data/new /data/sub/new"
	prints $'root 0:0\nuser 1000:1000\nsub/deep 1000:1000'
	equal "$(inside stat -c %u:%g "$TEST_DIR/source/new" "$TEST_DIR/source/sub/new" | xargs)" "0:0 0:0"
}

@test "a mount with maps of its own, with and without a user namespace" {
	make_source
	add_mount /data bind "$TEST_DIR/source" rbind ridmap
	bundle_config '.mounts[-1] += {uidMappings: [{containerID: 1000, hostID: 5, size: 1},
		{containerID: 0, hostID: 2000, size: 1}]} | .mounts[-1].gidMappings = .mounts[-1].uidMappings'
	in_container "$owners"
	prints $'root 2000:2000\nuser 5:5\nsub/deep 5:5'
	user_namespace
	bundle_config '.mounts[-1].uidMappings = [{containerID: 0, hostID: 100001, size: 1001}] |
		.mounts[-1].gidMappings = .mounts[-1].uidMappings'
	in_container "$owners"
	prints $'root 1:1\nuser 1001:1001\nsub/deep 1001:1001'
}

@test "maps of a mount without the word idmap count as idmap" {
	make_source
	add_mount /data bind "$TEST_DIR/source" rbind
	bundle_config '.mounts[-1] += {uidMappings: [{containerID: 0, hostID: 2000, size: 1}],
		gidMappings: [{containerID: 0, hostID: 3000, size: 1}]}'
	in_container 'stat -c %u:%g /data/root'
	prints 2000:3000
}

@test "idmap where it cannot be is refused" {
	make_source
	add_mount /data bind "$TEST_DIR/source" bind idmap
	refused mounts idmap
	bundle_config 'del(.mounts[-1])'
	add_mount /data tmpfs tmpfs idmap
	refused mounts idmap
}

@test "idmap on a file system that has none fails and says so" {
	user_namespace
	add_mount /data bind /proc/self bind idmap
	refused /data id-mapping
}

@test "the root file system stays the host's when user namespace and bind are joined by exec" {
	user_namespace
	make_source
	add_mount /data bind "$TEST_DIR/source" rbind ridmap
	running c
	succeeds coffer exec --user 1000:1000 c sh -c 'echo x >/data/user && id -u && stat -c %u /data/user'
	prints $'1000\n1000'
}

@test "maps are checked: overlap, size 0, beyond the last id, without a user namespace, without maps" {
	user_namespace
	bundle_config '.linux.uidMappings += [{containerID: 5, hostID: 500000, size: 1}]'
	refused 'linux.uidMappings[1]' overlap
	bundle_config '.linux.uidMappings[1].size = 0'
	refused 'linux.uidMappings[1]' size
	bundle_config '.linux.uidMappings[1] = {containerID: 70000, hostID: 4294967295, size: 2}'
	refused 'linux.uidMappings[1]'
	bundle_config '.linux.uidMappings = []'
	refused linux.uidMappings
	bundle_config '.linux.uidMappings = .linux.gidMappings'
	no_namespace user
	refused linux.uidMappings user
}

@test "a user outside of the maps is refused" {
	user_namespace
	user 65536 0
	refused process.user.uid 65536
	user 0 65536
	refused process.user.gid 65536
}
