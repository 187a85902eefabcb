#!/usr/bin/env bats
# list: every container below the root as a table, as JSON or as ids.

load helpers

@test "an empty root: a table of one line, an empty array, no ids" {
	mkdir -p "$ROOT"
	succeeds coffer list
	equal "$(wc -l <<<"$OUT")" 1
	[[ $OUT =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER ]]
	succeeds coffer list --format json
	equal "$OUT" "[]"
	succeeds coffer list -q
	equal "$OUT" ""
}

@test "a --root that is not there is an error" {
	fails 1 "$ROOT" coffer list
}

@test "two containers, sorted, in every spelling of --format and --quiet" {
	local form
	succeeds coffer create b
	running a
	for form in "--format json" "--format=json" "-f json" "-fjson" "-format json" "-format=json"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer list $form
		jq -e 'map(.id) == ["a", "b"] and map(.status) == ["running", "created"] and all(.[]; .pid > 0)' <<<"$OUT"
	done
	for form in --quiet -q -quiet "--quiet --format json"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer list $form
		equal "$OUT" $'a\nb'
	done
	for form in "" "--format table" "--format=table" "-f table"; do
		# shellcheck disable=SC2086 # words on purpose
		succeeds coffer list $form
		equal "$(awk 'NR > 1 { print $1, $2, $3, $4 }' <<<"$OUT")" \
			"a $(pid_of a) running $BUNDLE"$'\n'"b $(pid_of b) created $BUNDLE"
	done
}

@test "a stopped container has pid 0; its JSON has all that state has" {
	succeeds coffer run --keep a
	succeeds coffer list
	equal "$(awk 'NR > 1 { print $2, $3 }' <<<"$OUT")" "0 stopped"
	equal "$(coffer list -f json | jq -c '.[0] | keys')" "$(coffer state a | jq -c keys)"
}

@test "what is no container is not listed; one that is damaged does not hide the others" {
	succeeds coffer create a
	mkdir "$ROOT/damaged"
	echo '{' >"$ROOT/damaged/state.json"
	echo x >"$ROOT/file"
	succeeds coffer list -f json
	jq -e 'map(.id) == ["a", "damaged"] and .[1].status == "stopped"' <<<"$OUT"
	rm -r "$ROOT/damaged" "$ROOT/file"
}

@test "usage of list" {
	fails 1 "--format" coffer list --format xml
	fails 1 "too many arguments" coffer list a
}
