#!/bin/bash
# C files are as clang-format leaves them; `make fmt` does it. Releases differ in macros that are initializers and in a
# few blanks, so that one of them decides: bookworm's.
set -uo pipefail
. tests/lint/lib.sh

compare() {
	clang-format "$1" | diff -u --label "$1" --label "$1, formatted" "$1" -
}

release=$(clang-format --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p')
if [[ $release != 14 ]]; then
	printf '1..1\nok 1 - all # skip clang-format %s formats some macros otherwise; 14 decides\n' "$release"
	exit
fi
export -f compare
tree_files '*.c' '*.h' | tap_each bash -c 'compare "$1"' compare
