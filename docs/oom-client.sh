#!/bin/bash
# oom-client.sh - every container that stops at its memory limit gets half as much again; what then is still too large
# ends. COFFER is the program and its global options.
coffer=${COFFER:-coffer}
$coffer oom watch | while read -r event; do
	case $event in
	*'"event":"hit"'* | *'"event":"pending"'*)
		id=$(jq -r .id <<<"$event")
		$coffer oom raise "$id" $(($(jq .limit <<<"$event") * 3 / 2)) || $coffer oom kill --all "$id"
		;;
	esac
done
