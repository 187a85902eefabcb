# Bash completion of coffer(1). The options of each command stand in one case branch: a unit test compares them with
# the tables of the program.

_coffer_options() {
	case $1 in
	global)
		echo "--root --log --log-format --log-level --debug --cgroup-manager --systemd-cgroup --rootless"
		echo "-v --version -h --help"
		;;
	create)
		echo "-b --bundle -f --config --pid-file --console-socket --oom --oom-reserve --oom-timeout --oom-default --oom-hook --oom-socket --pressure-notify"
		echo "--limit --preserve-fds --no-pivot --no-new-keyring"
		echo "-h --help"
		;;
	start)
		echo "-h --help"
		;;
	run)
		echo "-b --bundle -f --config --pid-file --console-socket --limit --preserve-fds --no-pivot --no-new-keyring"
		echo "--oom --oom-reserve --oom-timeout --oom-default --oom-hook --oom-socket --pressure-notify"
		echo "-d --detach --keep --no-subreaper --image --rootfs --read-only --name --rm --hostname --network --net"
		echo "-p --publish --ip --ip6 --mac-address --net-rate --dns --add-host"
		echo "--label --annotation -i --interactive -t --tty -e --env --env-file -w --workdir -u --user --entrypoint"
		echo "--stop-signal -v --volume --mount --tmpfs --device -m --memory --memory-soft --memory-reservation"
		echo "--memory-swap --cpus --cpu-weight --cpuset-cpus --cpuset-mems --pids-limit --ulimit --cap-add"
		echo "--cap-drop --security-opt --sysctl --userns -h --help"
		;;
	kill)
		echo "-a --all -h --help"
		;;
	commit)
		echo "-a --author -m --message -h --help"
		;;
	delete)
		echo "-f --force -h --help"
		;;
	exec)
		echo "-p --process -t --tty -d --detach -u --user -g --additional-gids -e --env -c --cap --cwd --pid-file"
		echo "--console-socket --preserve-fds --no-new-privs --cgroup --ignore-paused --apparmor --process-label"
		echo "-h --help"
		;;
	pause)
		echo "-h --help"
		;;
	resume)
		echo "-h --help"
		;;
	update)
		echo "-r --resources --memory --memory-reservation --memory-swap --kernel-memory --kernel-memory-tcp"
		echo "--cpu-period --cpu-quota --cpu-burst --cpu-rt-period --cpu-rt-runtime --cpu-shares --cpu-share"
		echo "--cpu-idle --cpuset-cpus --cpuset-mems --blkio-weight --pids-limit --limit --force --l3-cache-schema --mem-bw-schema"
		echo "-h --help"
		;;
	state)
		echo "-h --help"
		;;
	list)
		echo "-q --quiet -f --format -h --help"
		;;
	oom)
		echo "-h --help"
		;;
	stats)
		echo "-f --format --follow --interval -h --help"
		;;
	top)
		echo "--once --interval -h --help"
		;;
	events)
		echo "--stats --interval -h --help"
		;;
	ps)
		echo "-f --format -h --help"
		;;
	port)
		echo "-h --help"
		;;
	image)
		echo "-h --help --store"
		;;
	network)
		echo "-h --help"
		;;
	spec)
		echo "-b --bundle -f --config --rootless -h --help"
		;;
	features)
		echo "-h --help"
		;;
	version)
		echo "-h --help"
		;;
	help)
		echo "-h --help"
		;;
	esac
}

_coffer_commands="create start run kill delete exec pause resume update oom commit state list ps stats top events port image network spec features version help"

# Does this option of the command ($1) take the next word as its value?
_coffer_takes_value() {
	case $1:$2 in
	*:--root | *:--log | *:--log-format | *:--log-level | *:--cgroup-manager) [ "$1" = global ] ;;
	*:-b | *:--bundle | *:--config | *:--pid-file | *:--console-socket | *:--preserve-fds | *:--limit | *:--oom | *:--oom-* | *:--pressure-notify) true ;;
	create:-f | run:-f | spec:-f | list:-f | ps:-f | stats:-f | *:--format | *:--interval) true ;;
	run:--read-only | run:--rm | run:-i | run:--interactive | run:-t | run:--tty | run:-it | run:-ti) false ;;
	run:-d | run:--detach | run:--keep | run:--no-* | run:-h | run:--help) false ;;
	run:-*) true ;;
	exec:-[pugec] | exec:--process | exec:--user | exec:--additional-gids | exec:--env | exec:--cap) true ;;
	exec:--cwd | exec:--cgroup | exec:--apparmor | exec:--process-label) true ;;
	commit:-[am] | commit:--author | commit:--message) true ;;
	update:-h | update:--help | update:--force) false ;;
	update:-*) true ;;
	*) false ;;
	esac
}

# The ids below the state root that was typed.
_coffer_ids() {
	if [ -n "$1" ]; then
		coffer --root "$1" list -q 2>/dev/null
	else
		coffer list -q 2>/dev/null
	fi
}

_coffer_values() {
	case $1:$2 in
	global:--root | *:-b | *:--bundle) mapfile -t COMPREPLY < <(compgen -d -- "$3") ;;
	global:--log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$3") ;;
	global:--log-level) mapfile -t COMPREPLY < <(compgen -W "error warning info debug" -- "$3") ;;
	global:--cgroup-manager) mapfile -t COMPREPLY < <(compgen -W "cgroupfs systemd disabled" -- "$3") ;;
	list:-f | ps:-f | stats:-f | *:--format) mapfile -t COMPREPLY < <(compgen -W "table json" -- "$3") ;;
	update:-r | update:--resources) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
	run:--network | run:--net) mapfile -t COMPREPLY < <(compgen -W "none host $(coffer network list -q 2>/dev/null)" -- "$3") ;;
	*:--oom) mapfile -t COMPREPLY < <(compgen -W "kill group freeze" -- "$3") ;;
	*:--oom-default) mapfile -t COMPREPLY < <(compgen -W "kill-largest kill-group raise: stay" -- "$3") ;;
	run:--userns) mapfile -t COMPREPLY < <(compgen -W "auto host" -- "$3") ;;
	run:--image) mapfile -t COMPREPLY < <(compgen -W "host $(coffer image list -q 2>/dev/null)" -- "$3") ;;
	update:* | *:--preserve-fds | exec:-[ugec] | exec:--user | exec:--env | exec:--cap) COMPREPLY=() ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$3") ;;
	esac
}

# The options of coffer COMMAND SUBCOMMAND ($1, $2), as its help has them.
_coffer_options_by_help() {
	mapfile -t COMPREPLY < <(compgen -W "$(coffer "$1" "$2" --help 2>/dev/null | grep -oE -- '--?[a-z0-9-]+' | sort -u)" -- "$3")
}

# The arguments of coffer image COMMAND: images, and files.
_coffer_image() {
	mapfile -t COMPREPLY < <(compgen -f -- "$2")
	case $1 in
	save | push | unpack | mount | inspect | history | tag | remove | verify)
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$(coffer image list 2>/dev/null |
			awk 'NR > 1 && $1 != "<none>" { print $1 }')" -- "$2")
		;;
	esac
}

_coffer() {
	local word=${COMP_WORDS[COMP_CWORD]} command=global root="" skip="" i count=0 sub="" names

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ -n "$skip" ]; then
			[ "$skip" = --root ] && root=${COMP_WORDS[i]}
			skip=""
		elif _coffer_takes_value "$command" "${COMP_WORDS[i]}"; then
			skip=${COMP_WORDS[i]}
		elif [[ ${COMP_WORDS[i]} != -* ]]; then
			if [ "$command" = global ]; then
				command=${COMP_WORDS[i]}
			else
				[ "$count" -gt 0 ] || sub=${COMP_WORDS[i]}
				count=$((count + 1))
			fi
		fi
	done
	if [ -n "$skip" ]; then
		_coffer_values "$command" "$skip" "$word"
	elif [[ $command =~ ^(image|network|oom)$ && $count -gt 0 && $word == -* ]]; then
		_coffer_options_by_help "$command" "$sub" "$word"
	elif [[ $command == image && $count -gt 0 ]]; then
		_coffer_image "$sub" "$word"
	elif [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_coffer_options "$command")" -- "$word")
	else
		case $command:$count in
		global:* | help:0) names=$_coffer_commands ;;
		kill:1) names=$(compgen -A signal | sed -n 's/^SIG\([^(]*\)$/\1/p') ;;
		oom:0) names="list show watch raise kill reclaim resume dump" ;;
		oom:1) names=$(_coffer_ids "$root") ;;
		image:0) names="pull load import commit save push unpack mount unmount list inspect history tag remove prune verify help" ;;
		network:0) names="create list inspect remove connect disconnect reload prune" ;;
		network:1) names=$(coffer network list -q 2>/dev/null) ;;
		network:2) names=$(_coffer_ids "$root") ;;
		run:* | create:* | image:* | network:* | spec:* | list:* | features:* | version:*) names="" ;;
		*:0) names=$(_coffer_ids "$root") ;;
		*) names="" ;;
		esac
		mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
	fi
}

complete -F _coffer coffer
