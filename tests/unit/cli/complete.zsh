#!/usr/bin/env zsh
# What zsh offers for command lines, with compinit as people have it: complete.zsh FUNCTIONS LINE..., FUNCTIONS being the
# directory of _coffer. For each LINE: the line, and the words, sorted, with a space between. In there is a function coffer that knows
# a container "box" and an image "debian", and tells how it was called. Runs zsh on a terminal of its own: completion is
# part of the line editor.
emulate -R zsh
zmodload zsh/zpty zsh/zselect || exit

readonly dir=$(mktemp -d)
trap 'zpty -d shell 2>/dev/null; rm -rf $dir' EXIT

print -r -- "
	fpath=(${(q)1} \$fpath)
	autoload -Uz compinit && compinit -D -u
	coffer() {
		print -r -- \"\$*\" >>$dir/calls
		case \"\$*\" in
		'network list -q') print -l lan ;;
		*'list -q') print -l box ;;
		'image list') print -l 'NAME ID' 'debian 1' '<none> 2' ;;
		'image pull --help') print -l '  -q, --quiet  x' ;;
		'network create --help') print -l '  --subnet N  x' '  --subnet6 N  x' ;;
		'oom kill --help') print -l '  -a, --all  x' ;;
		esac
	}
	compadd() {
		local -a offered
		[[ \${@[1,(i)--]} == *-[OAD]* ]] || { builtin compadd -A offered \"\$@\"; print -rl -- \$offered >>$dir/offered }
		builtin compadd \"\$@\"
	}
	collect() { _main_complete; : >$dir/done }
	zle -C collect complete-word collect
	bindkey '^I' collect
	: >$dir/done
" >$dir/setup

wait_until_done() {
	repeat 1000; do
		[[ ! -e $dir/done ]] || return 0
		zpty -r -t shell >/dev/null
		zselect -t 1
	done
	exit 1
}

zpty shell "PROMPT= zsh -f -i"
zpty -w shell "source $dir/setup"
wait_until_done
for line in ${@[2,-1]}; do
	rm -f $dir/{done,offered,calls}
	zpty -w -n shell $'\C-u'"$line"$'\t'
	wait_until_done
	print -r -- $line
	print -r -- ${(ou)${(f)"$(cat $dir/offered 2>/dev/null)"}}
	[[ ! -e $dir/calls ]] || print -r -- "called: ${(j:; :)${(f)"$(<$dir/calls)"}}"
done
