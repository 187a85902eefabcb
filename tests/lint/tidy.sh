#!/bin/bash
# clang-tidy with .clang-tidy over every C file. Tests go without its analyzer, which takes five times as long as all other
# checks: the sanitizers watch them run.
set -uo pipefail
. tests/lint/lib.sh
tree_files '*.c' | tap_each bash -c '
	checks=
	[[ ${!#} != tests/* ]] || checks=-clang-analyzer-*
	exec clang-tidy --quiet --checks="$checks" "${!#}" -- "${@:1:$#-1}"' clang-tidy "${cflags[@]}"
