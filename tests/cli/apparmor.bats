#!/usr/bin/env bats
# process.apparmorProfile and `exec --apparmor` with a kernel that has AppArmor: as in the test VM.
load helpers

setup_file() {
	have_apparmor || return 0
	file_start
	profiles --replace
}

teardown_file() {
	[[ ! ${FILE_DIR-} ]] || profiles --remove
	[[ ! ${FILE_DIR-} ]] || file_stop
}

# In the test VM it has to be there.
have_apparmor() {
	[[ ! ${COFFER_VM-} ]] || return 0
	[[ -w /sys/kernel/security/apparmor/.replace ]] && type -P apparmor_parser >/dev/null
}

# One that lets everything be done but reading one file, and another, for exec.
profiles() {
	apparmor_parser --skip-cache "$1" <<-END
		profile coffer-test flags=(attach_disconnected) {
		  file, capability, mount, umount, ptrace, signal, unix, network, dbus,
		  deny /etc/denied r,
		}
		profile coffer-test-exec flags=(attach_disconnected) {
		  file, capability, signal,
		}
	END
}

setup() {
	[[ ${FILE_DIR-} ]] || skip "no AppArmor here, or no apparmor_parser"
	test_start
	bundle_config '.process.apparmorProfile = "coffer-test"'
	echo secret >"$BUNDLE/rootfs/etc/denied"
}

@test "a program and what is run beside it are confined; exec --apparmor takes another profile" {
	running a sh -c 'cat /proc/self/attr/current /etc/passwd /etc/denied; exec sleep 1000'
	wait_for 10 grep -q denied "$TEST_DIR/a.err"
	grep -x "cat: can't open '/etc/denied': Permission denied" "$TEST_DIR/a.err"
	equal "$(head -2 "$TEST_DIR/a.out")" $'coffer-test (enforce)\nroot:x:0:0:root:/root:/bin/sh'
	succeeds coffer exec a cat /proc/self/attr/apparmor/current
	equal "$OUT" "coffer-test (enforce)"
	fails 1 "Permission denied" coffer exec a cat /etc/denied
	succeeds coffer exec --apparmor coffer-test-exec a cat /proc/self/attr/current /etc/denied
	equal "$OUT" $'coffer-test-exec (enforce)\nsecret'
	succeeds coffer exec --apparmor unconfined a cat /proc/self/attr/current
	equal "$OUT" unconfined
}

@test "a profile that is not loaded: create says so, and leaves nothing; so do run and exec" {
	local verb
	running a
	bundle_config '.process.apparmorProfile = "coffer-test-none"'
	for verb in create run; do
		fails 1 'process.apparmorProfile: "coffer-test-none" is not loaded' coffer $verb b
		fails 1 "does not exist" coffer state b
	done
	fails 255 'process.apparmorProfile: "coffer-test-none" is not loaded' coffer exec --apparmor coffer-test-none a true
}

@test "with no_new_privs, in a user namespace, and where the config masks parts of /proc" {
	bundle_config '.process.noNewPrivileges = true | .process.args = ["cat", "/proc/self/attr/current"]'
	succeeds coffer run a
	equal "$OUT" "coffer-test (enforce)"
	chmod 755 "$BUNDLE"
	chown 100000:100000 "$BUNDLE/rootfs" "$BUNDLE"/rootfs/*
	bundle_config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'
	succeeds coffer run b
	equal "$OUT" "coffer-test (enforce)"
	running c
	succeeds coffer exec c cat /proc/self/attr/current
	equal "$OUT" "coffer-test (enforce)"
}
