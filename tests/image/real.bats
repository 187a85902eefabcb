# Real images are as umoci and bsdtar unpack them, entry by entry, attributes included: Debian in layers, busybox, and
# packages of npm. What is fetched for it stays in the user's cache directory.
load store.bash

setup() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	[[ ${BATS_LABEL-} != asan ]] || skip "takes too long with sanitizers, which see the same code in layers.bats"
	TEST_DIR=$(mktemp -d "$FILE_DIR/test.XXXXXX")
	LAYOUT=$FILE_DIR/layout
	CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/coffer/images
	export COFFER_STORE=$TEST_DIR/store
	mkdir -p "$CACHE"
}

# fetched NAME COMMAND...: a file of the cache; if it is not there, the command makes it in the current directory.
fetched() {
	[[ ! -e $CACHE/$1 ]] || return 0
	(cd "$TEST_DIR" && timeout 100 "${@:2}") >"$TEST_DIR/fetch.log" 2>&1 3>&- || return
	mv "$TEST_DIR/$1" "$CACHE/$1"
}

as_bsdtar() {
	local tar
	mkdir -p "$TEST_DIR/bsdtar"
	for tar; do
		bsdtar -C "$TEST_DIR/bsdtar" -xpf "$tar"
	done
}

@test "Debian in four layers: split, changed, and partly removed" {
	local mirror=${COFFER_VM_MIRROR:-http://deb.debian.org/debian} layers new=$TEST_DIR/new
	# Unpacked, not installed: to run their scripts takes as long again, and adds nothing of another kind.
	fetched debian-trixie-extract.tar mmdebstrap --mode=root --variant=extract --include='?essential' --quiet \
		--format=tar trixie debian-trixie-extract.tar "$mirror" || skip "no Debian from $mirror: $(tail -n 1 "$TEST_DIR/fetch.log")"
	layers=("$TEST_DIR"/{1,2,3,4}.tar)
	bsdtar -cf "${layers[0]}" --exclude './usr/share/*' --exclude './var/*' @"$CACHE/debian-trixie-extract.tar"
	bsdtar -cf "${layers[1]}" --include './usr/share/*' --include './var/*' @"$CACHE/debian-trixie-extract.tar"
	mkdir -p "$new"/{etc/default,usr/bin,usr/share,opt}
	echo changed >"$new/etc/default/useradd"
	cp /bin/busybox "$new/usr/bin/su" && chmod 2755 "$new/usr/bin/su"
	ln "$new/usr/bin/su" "$new/opt/su"
	ln -s /dev/null "$new/usr/share/doc"
	python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"text")' "$new/opt/su"
	tar -C "$new" --xattrs -cf "${layers[2]}" ./etc/default/useradd ./usr/bin/su ./usr/share/doc opt
	rm -r "$new" && mkdir -p "$new"/{etc/apt,usr/share,var/lib/dpkg}
	touch "$new"/{etc/apt/.wh..wh..opq,usr/share/.wh.perl5,var/lib/dpkg/.wh.status,var/.wh.cache}
	tar -C "$new" -cf "${layers[3]}" ./etc/apt/.wh..wh..opq ./usr/share/.wh.perl5 ./var/lib/dpkg/.wh.status ./var/.wh.cache
	layout_of "$TEST_DIR/debian" "${layers[@]}"
	same_as_umoci "$TEST_DIR/debian:all"
	as_bsdtar "${layers[@]:0:2}"
	rm -r "$TEST_DIR/bsdtar/usr/share/doc" # bsdtar replaces no directory by a link
	as_bsdtar "${layers[2]}"
	cd "$TEST_DIR/bsdtar" && rm -rf etc/apt/* usr/share/perl5 var/lib/dpkg/status var/cache
	python3 "$BATS_TEST_DIRNAME/compare.py" --no-times-of-dirs "$TEST_DIR/bundle/rootfs" .
}

@test "busybox in two layers" {
	same_as_umoci "$LAYOUT:next"
}

# npm_package NAME VERSION SHA256: as NAME.tar. Without npm it is Debian's package of it, whose checksum apt knows; both
# have it in a directory "package", so that each layer replaces some of those below.
npm_package() {
	local file=$1-$2.tgz fetch=(npm pack --silent "$1@$2")
	if ! type -P npm >/dev/null; then
		file=debian-node-$1.deb
		# shellcheck disable=SC2016 # expanded by the inner bash
		fetch=(bash -c 'apt-get download "$0" && mv "$0"_*.deb "$1"' "node-$1" "$file")
	fi
	fetched "$file" "${fetch[@]}" || skip "no package $1 of npm: $(tail -n 1 "$TEST_DIR/fetch.log")"
	if [[ $file == *.tgz ]]; then
		sha256sum --check --quiet <<<"$3  $CACHE/$file" || { rm "$CACHE/$file" && return 1; }
		gunzip <"$CACHE/$file" >"$TEST_DIR/$1.tar"
	else
		dpkg-deb --fsys-tarfile "$CACHE/$file" >"$TEST_DIR/debian.tar"
		bsdtar -cf "$TEST_DIR/$1.tar" -s ",^\\./usr/share/nodejs/$1,package," --include "./usr/share/nodejs/$1/*" \
			@"$TEST_DIR/debian.tar"
	fi
}

@test "packages of npm, one a layer, over each other" {
	local tars=("$TEST_DIR"/{lodash,semver,chalk}.tar)
	npm_package lodash 4.17.21 6a087ac9e5702a0c9d60fbcd48696012646ec8df1491dea472b150e79fcaf804
	npm_package semver 7.6.3 376d2ca2c941fc5a37e9ac3ec65302e5e421e2cc1ee3dee57a854d2bd9bee125
	npm_package chalk 5.3.0 02ae1fe87987a93d08098699e0dd5a029ecd0f81466d497de5c9262077e232e9
	layout_of "$TEST_DIR/npm" "${tars[@]}"
	same_as_umoci "$TEST_DIR/npm:all"
	as_bsdtar "${tars[@]}"
	python3 "$BATS_TEST_DIRNAME/compare.py" --no-times-of-dirs "$TEST_DIR/bundle/rootfs" "$TEST_DIR/bsdtar"
}
