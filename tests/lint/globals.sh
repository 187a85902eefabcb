#!/bin/bash
# No mutable state outlives a call: the object file of each source has nothing in .data, .bss, .tdata or .tbss, be it
# a file's or a function's static. Two exceptions: the log sink, which is the process's, and tests (test.h's jump).
set -uo pipefail
. tests/lint/lib.sh

readonly allowed=' base/log.c:sink '

stateless() {
	local source=${!#} object symbol status=0
	object=$(mktemp --suffix=.o)
	gcc "${@:1:$#-1}" -w -fPIC -O1 -c -o "$object" "$source" || status=$?
	while read -r symbol; do
		if [[ $allowed != *" $source:$symbol "* ]]; then
			echo "$source: $symbol is mutable and static"
			status=1
		fi
	done < <(objdump -t "$object" |
		awk '$(NF-2) ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $(NF-2) !~ /^\.data\.rel\.ro/ && $NF !~ /^\./ { print $NF }
			$(NF-2) == "*COM*" { print $NF }' | sed 's/\.[0-9]*$//')
	rm -f "$object"
	return "$status"
}

export allowed
export -f stateless
tree_files '*.c' | grep -v '^tests/' | tap_each bash -c 'stateless "$@"' stateless "${cflags[@]}"
