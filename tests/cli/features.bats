#!/usr/bin/env bats
# features: the JSON document of the runtime-spec, with what engines look at, and nothing on stderr.

load helpers

@test "features is one JSON object with what engines need, alone on stdout" {
	succeeds coffer features
	jq -e '.ociVersionMin == "1.0.0" and (.ociVersionMax | startswith("1."))
		and (.hooks | sort) == (["prestart", "createRuntime", "createContainer", "startContainer", "poststart",
			"poststop"] | sort)
		and (.mountOptions | index("rro") and index("rbind") and index("ro") and index("idmap"))
		and (.linux.namespaces | sort) == (["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"] | sort)
		and (.linux.capabilities | index("CAP_SYS_ADMIN"))
		and .linux.cgroup.v2 and .linux.cgroup.v1 == false
		and .linux.seccomp.enabled and (.linux.seccomp.actions | index("SCMP_ACT_ERRNO"))
		and (.linux.seccomp.archs | index("SCMP_ARCH_X86_64")) and (.linux.seccomp.operators | index("SCMP_CMP_EQ"))
		and (.linux.seccomp | has("knownFlags") and has("supportedFlags"))
		and (.linux.apparmor | has("enabled")) and (.linux.selinux | has("enabled"))
		and .linux.intelRdt.enabled == false and (.linux.mountExtensions.idmap.enabled | type == "boolean")' <<<"$OUT"
}

@test "every mount option that features names is taken" {
	bundle_config '.mounts += [$options[0].mountOptions[]
		| select(. != "remount" and . != "bind" and . != "rbind" and . != "idmap" and . != "ridmap"
			and . != "tmpcopyup" and . != "copy-symlink" and . != "dest-nofollow" and . != "src-nofollow")
		| { destination: ("/tmp/" + .), type: "tmpfs", source: "tmpfs", options: [.] }]' \
		--slurpfile options <(coffer features)
	gives 0 coffer run a
}

@test "features needs no state root, and takes no arguments" {
	succeeds coffer --root /proc/nowhere features
	fails 1 "too many arguments" coffer features a
}
