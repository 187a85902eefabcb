#!/bin/bash
# C files are as clang-format leaves them; `make fmt` does it.
set -uo pipefail
. tests/lint/lib.sh

compare() {
	clang-format "$1" | diff -u --label "$1" --label "$1, formatted" "$1" -
}

export -f compare
tree_files '*.c' '*.h' | tap_each bash -c 'compare "$1"' compare
