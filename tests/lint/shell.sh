#!/bin/bash
# Every script through shellcheck: what has a shell's first line, or a shell's suffix.
set -uo pipefail
. tests/lint/lib.sh

shell_files() {
	local file line
	while read -r file; do
		IFS= read -r line <"$file" 2>/dev/null || continue
		if [[ $line =~ ^'#!'.*(bash|bats|/sh)$ || $file == *.@(sh|bash|bats) ]]; then
			echo "$file"
		fi
	done
}

tree_files '*' | shell_files 2>/dev/null | tap_each shellcheck -x
