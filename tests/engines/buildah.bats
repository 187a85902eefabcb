#!/usr/bin/env bats
# Buildah runs the commands of a Containerfile with coffer, and coffer runs the image that comes out.
# shellcheck disable=SC2154,SC2030,SC2031 # variables of helpers.bash and of bats
load helpers

setup_file() {
	[[ ${COFFER_VM-} != 1 ]] || engine_setup
}

setup() {
	need_vm
	dir=$BATS_TEST_TMPDIR
	export COFFER_STORE=$dir/store
}

teardown() {
	[[ ${COFFER_VM-} != 1 ]] || buildah rmi --all --force >/dev/null
}

@test "buildah builds a Containerfile through coffer, which loads and runs the image" {
	image_tar >"$dir/root.tar"
	cat >"$dir/Containerfile" <<-'END'
		FROM scratch
		ADD root.tar /
		ENV PATH=/bin
		RUN echo "built by $(id -u), pid $$" >/built && touch /gone
		RUN busybox rm /gone && busybox chmod 1777 /tmp
		CMD ["sh", "-c", "cat /built; busybox stat -c %a /tmp; test -e /gone || echo gone"]
	END
	printf '#!/bin/sh\necho "$*" >>%s\nexec %s "$@"\n' "$dir/calls" "$installed" >"$dir/runtime"
	chmod 755 "$dir/runtime"
	run buildah build --runtime "$dir/runtime" --isolation oci --network none --layers --tag localhost/built "$dir"
	expect test "$status" -eq 0
	grep -qw create "$dir/calls" || { cat "$dir/calls" && return 1; }
	run buildah push --quiet localhost/built "oci-archive:$dir/built.tar:localhost/built:latest"
	expect test "$status" -eq 0
	run "$COFFER" image load --quiet "$dir/built.tar"
	expect test "$status" -eq 0
	run "$COFFER" run --image localhost/built --rm
	expect test "$output" = $'built by 0, pid 1\n1777\ngone'
}
