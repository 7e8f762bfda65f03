# bash completion for grmon-c                                 -*- shell-script -*-
# SPDX-License-Identifier: MIT

# Several processes can be given as one target.
_grmon_c_targets()
{
	_grmon_c_pids "$1"
	printf '%s\n' name: cgroup:/ tree: container:
}

_grmon_c_pids()
{
	"$1" ls 2>/dev/null | while read -r pid _ _ name _; do
		case $pid in [0-9]*) printf '%s\n%s\n' "$pid" "$name" ;; esac
	done
}

_grmon_c_reply()
{
	local IFS=$'\n'
	# shellcheck disable=SC2207
	COMPREPLY=($(compgen -W "$1" -- "$2"))
}

# The last part of a list such as id,state,ag or state:ch. A list with commas has each name once.
_grmon_c_reply_part()
{
	local names=$1 word=$2 head="" part parts=()
	if [[ $word == *["$3"]* ]]; then
		head=${word%"${word##*["$3"]}"}
		word=${word##*["$3"]}
	fi
	[[ $3 == *,* ]] && IFS=, read -r -a parts <<<"$head"
	for part in "${parts[@]}"; do
		part=${part#[+-]}
		names=$(grep -vxF -- "${part%%[:=]*}" <<<"$names")
	done
	_grmon_c_reply "$names" "$word"
	# readline starts a new word behind a colon or an equals sign by itself.
	case $head in
	*[:=]) ;;
	*) COMPREPLY=("${COMPREPLY[@]/#/$head}") ;;
	esac
}

_grmon_c()
{
	local client=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before="" command="" i
	local options="--source --interval --filter --sort --columns --stuck --threads --runtime --ptrace
--no-color --ascii --help --version"
	COMPREPLY=()
	[ "$COMP_CWORD" -gt 0 ] && before=${COMP_WORDS[COMP_CWORD - 1]}
	# readline splits --sort=age and state:lock; the sign may be the word itself.
	case $word in
	: | =)
		before=$word word=""
		i=$((COMP_CWORD - 1))
		;;
	*) i=$((COMP_CWORD - 2)) ;;
	esac
	[ "$before" = = ] && before=${COMP_WORDS[i]}
	[ "$before" = : ] && before=${COMP_WORDS[i]}:
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		run | ls | dump | record | report | diff | check | export | help)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	if [ "$command" = run ]; then
		# Behind CMD everything is the command's own.
		for ((i++; i < COMP_CWORD; i++)); do
			case ${COMP_WORDS[i]} in
			--)
				((i++))
				break
				;;
			-*) ;;
			*) case ${COMP_WORDS[i - 1]} in
				-s | -i | -o | --source | --interval | --filter | --sort | --columns | --stuck | --output) ;;
				*) break ;;
				esac ;;
			esac
		done
		if [ "$i" -lt "$COMP_CWORD" ]; then
			# shellcheck disable=SC2207
			COMPREPLY=($(compgen -f -- "$word"))
			return
		fi
	fi
	case $before in
	-s | --source) _grmon_c_reply "$("$client" help sources-list 2>/dev/null)" "$word" ;;
	-f | --format) _grmon_c_reply "$("$client" help formats-list 2>/dev/null)" "$word" ;;
	--sort | --columns)
		_grmon_c_reply_part "$("$client" help columns-list 2>/dev/null)" "$word" ",+-"
		;;
	--stuck)
		_grmon_c_reply_part "$("$client" help states-list 2>/dev/null)" "$word" ","
		;;
	--filter)
		_grmon_c_reply_part "$("$client" help columns-list 2>/dev/null |
			sed 's/$/:/')" "$word" " (!|"
		compopt -o nospace 2>/dev/null
		;;
	tree:) _grmon_c_reply "$(_grmon_c_pids "$client" | grep '^[0-9]')" "$word" ;;
	name:) _grmon_c_reply "$(_grmon_c_pids "$client" | grep -v '^[0-9]')" "$word" ;;
	*state:) _grmon_c_reply "$("$client" help states-list 2>/dev/null)" "$word" ;;
	*:) ;;
	-o | --output)
		# shellcheck disable=SC2207
		COMPREPLY=($(compgen -f -- "$word"))
		;;
	-p | --pid)
		_grmon_c_reply "$(_grmon_c_pids "$client" | grep '^[0-9]')" "$word"
		;;
	-i | --interval | --user | --header | --dump | --at | --for | --max-stuck | --max-long | --max-tasks | --listen | --top-groups | --warm-up) ;;
	*)
		case $command in
		ls) options="$options --format" ;;
		dump) options="$options --user --header --dump --pid --format --stacks --output --at --prove --holds --allow-partial" ;;
		record) options="$options --user --header --dump --pid --output --for --rotate --keep-files --holds --allow-partial" ;;
		report) options="$options --user --header --dump --pid --format --output --for --fail --prove --holds --allow-partial" ;;
		diff) options="$options --user --header --format --stacks --output --fail --allow-partial" ;;
		check) options="$options --user --header --dump --pid --for --max-stuck --max-long --max-tasks --no-leak --no-deadlock --count-existing --allow-partial" ;;
		export) options="$options --user --header --pid --listen --top-groups --skip-zero --warm-up --allow-partial" ;;
		run) options="$options --output --keep --ancestors --warm-up" ;;
		help) options="--help --version" ;;
		*) options="$options --user --header --pid --wait --warm-up" ;;
		esac
		case $word:$command in
		-*) _grmon_c_reply "${options// /$'\n'}" "$word" ;;
		*:help) _grmon_c_reply $'states\ncolumns\nfilter\nkeys\nsources\nformats\nrun\nls\ndump\nrecord\nreport\ndiff\ncheck\nexport' "$word" ;;
		*:run)
			# shellcheck disable=SC2207
			COMPREPLY=($(compgen -c -- "$word"))
			;;
		*:ls) ;;
		*:dump | *:record | *:report | *:diff | *:check | *:export) _grmon_c_reply "$(_grmon_c_targets "$client")" "$word" ;;
		*)
			# Commands first, and processes once one has begun to write a name.
			_grmon_c_reply $'run\nls\ndump\nrecord\nreport\ndiff\ncheck\nexport\nhelp\n'"$([ -z "$word" ] ||
				_grmon_c_targets "$client")" "$word"
			compopt -o nosort 2>/dev/null
			;;
		esac
		;;
	esac
}

complete -F _grmon_c grmon-c
