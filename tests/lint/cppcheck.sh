#!/bin/bash
# cppcheck, a second opinion on what the compilers and clang-tidy say. Its own idea of the C library is enough.
# normalCheckLevelMaxBranches: trixie's says of large functions that it has not looked at every path.
set -uo pipefail
. tests/lint/lib.sh
tree_files '*.c' | tap_each cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 \
	--inline-suppr --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE \
	'-DCOFFER_VERSION=""' '-DCOFFER_LIBRARIES=""' '-DCOFFER_SOURCE=""' -D__x86_64__ -I.
