#!/bin/bash
# clang-tidy with .clang-tidy over every C file, tests too.
set -uo pipefail
. tests/lint/lib.sh
tree_files '*.c' | tap_each bash -c 'exec clang-tidy --quiet "${!#}" -- "${@:1:$#-1}"' clang-tidy "${cflags[@]}"
