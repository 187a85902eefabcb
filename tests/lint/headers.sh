#!/bin/bash
# Each header compiles alone, first in its file, with gcc and with clang: it includes what it needs.
set -uo pipefail
. tests/lint/lib.sh

alone() {
	local header=${!#} cc
	for cc in gcc clang; do
		printf '#include "%s"\n' "$header" |
			"$cc" "${@:1:$#-1}" -Werror -Wno-unused-function -fsyntax-only -x c - || return
	done
}

export -f alone
tree_files '*.h' | tap_each bash -c 'alone "$@"' alone "${cflags[@]}"
