# lib.sh - what the lint scripts share; sourced by bash in the root of the tree.
# shellcheck shell=bash
. tests/lib.sh

# Headers that the build makes of *.h.in, with the placeholder as it is.
generated=build-test/lint
mkdir -p "$generated"
for template in */*.h.in; do
	[[ ! -e $template ]] || cp "$template" "$generated/$(basename "$template" .in)"
done

# What every C file is compiled with: as in the meson.build files, with any text for the texts that they define.
# shellcheck disable=SC2034 # for the scripts
cflags=(-std=gnu17 -D_GNU_SOURCE '-DCOFFER_VERSION="lint"' '-DCOFFER_LIBRARIES="lint"' '-DCOFFER_SOURCE="."' '-DCOFFER_LIBEXEC="lint"'
	-I. "-I$generated" -Wall -Wextra -Wshadow -Wconversion -Wvla
	-Wmissing-prototypes -Wstrict-prototypes -Wswitch-enum -Wno-missing-field-initializers)

# Reads file names; runs "COMMAND... FILE" for each, as many at a time as there are processors; prints TAP.
# A file fails when its command's status is not 0; its output is shown then.
tap_each() {
	local results status=0
	results=$(mktemp)
	tr '\n' '\0' | xargs -0 -r -n 1 -P "$(nproc)" bash -c '
		file=${!#} status=0
		log=$("$@" 2>&1 </dev/null) || status=$?
		if [[ $status -eq 0 ]]; then
			printf "ok - %s\n" "$file"
		else
			printf "not ok - %s\n%s\n" "$file" "$(sed "s/^/# /" <<<"$log")"
		fi' tap_each "$@" >"$results"
	cat "$results"
	echo "1..$(grep -cE '^(not )?ok - ' "$results")"
	! grep -q '^not ok' "$results" || status=1
	rm -f "$results"
	return "$status"
}
