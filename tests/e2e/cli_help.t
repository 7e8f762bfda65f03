#!/bin/sh
# SPDX-License-Identifier: MIT
# Help, topics and completions agree with the tables.
. "$(dirname "$0")/lib.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)
plan 17

"$client" help options-list >"$work/list"
"$client" --help >"$work/help"
all_in_help() {
	while read -r kind word; do
		case $kind in
		option) grep -qE -- "^  (-.,|   ) $word( |\$)" "$work/help" || { echo "$word"; return 1; } ;;
		command) grep -qE "^  grmon-c $word " "$work/help" || { echo "$word"; return 1; } ;;
		esac
	done <"$work/list"
}
check '--help names every option and command' all_in_help
check '--help names each option once' sh -c '[ -z "$(grep -oE "^  (-.,|   ) --[a-z-]+" "$0" | sort | uniq -d)" ]' "$work/help"
targets() { tr -s ' \n' ' ' <"$work/help" | grep -q 'TARGET is a pid, .* URL .* recording, .*standard input'; }
check '--help says what a target can be' targets
details() {
	sed -n 's/^command //p' "$work/list" | while read -r command; do
		"$client" "$command" --help >"$work/out" || exit 1
		awk 'length($0) > 80 || /\(null\)/ {print; bad = 1} END {exit bad}' "$work/out" || exit 1
		# The text between the usage and the options.
		[ "$(sed '1,/^  grmon-c/d; /^Options:/,$d' "$work/out" | grep -c .)" -ge 1 ] || { echo "$command"; exit 1; }
	done
}
check 'each command explains itself in 80 columns' details
check '--help fits 80 columns' awk 'length($0) > 80 {print; bad = 1} END {exit bad}' "$work/help"
version() { [ "$("$client" --version)" = "$(make -s -C "$top" version)" ]; }
check '--version prints the version of the header' version
states() {
	"$client" help states >"$work/out"
	sed -n 's/^STATE([^"]*"\([^"]*\)", \(.\), "\(.*\)")/\1 \2 \3/p' "$top/src/core/state.def" >"$work/states"
	[ -s "$work/states" ] || return 1
	while read -r name idle help; do
		mark=' '
		[ "$idle" = 0 ] || mark='\*'
		grep -qE "^  $name *$mark " "$work/out" && grep -qF "$help" "$work/out" || { echo "$name"; return 1; }
	done <"$work/states"
}
check 'help states prints the table of states' states
check 'help columns names the default sort column' sh -c '"$0" help columns | grep -qE "^  age "' "$client"
check 'help keys has the key for the filter' sh -c '"$0" help keys | grep -q "^  / "' "$client"
check 'help sources and help formats print their tables' sh -c '"$0" help sources | grep -q "^  native .*Python" && "$0" help sources | grep -q "trio, or greenlets" && "$0" help formats | grep -q "^  json "' "$client"
check 'help of a command is its --help' sh -c '"$0" dump --help | grep -q -- --stacks && ! "$0" ls --help | grep -q -- --stacks && "$0" help run | grep -q SIGTERM' "$client"
check 'man page, completions and tables agree' sh -c 'cd "$1" && out=$(tests/lint/tables.sh "$0") && [ -z "$out" ] || { echo "$out"; exit 1; }' "$client" "$top"

# The words that bash offers for a command line.
offer() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _grmon_c; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$top/man/completions/grmon-c.bash" "$client" "$@"
}
bash_words() {
	offer dump --st | grep -qx -- --stacks && offer dump --st | grep -qx -- --stuck &&
		! offer ls --st | grep -qx -- --stacks && offer du | grep -qx dump &&
		offer help st | grep -qx states && offer dump -f j | grep -qx json && offer -s nat | grep -qx native &&
		offer --columns id,ag | grep -qx id,age && offer --filter state : chan | grep -qx chan-send &&
		offer --filter state : | grep -qx mutex && offer --sort = ag | grep -qx age &&
		offer --stuck 5s,mut | grep -qx 5s,mutex
}
# A list has each name once; without a letter there are only commands, and they come first.
bash_lists() {
	! offer --columns id,i | grep . && ! offer --columns id, | grep -x id,id &&
		! offer --sort age:desc,ag | grep . && ! offer --stuck mutex=5s,mut | grep . &&
		[ "$(offer "" | head -1)" = run ] && ! offer "" | grep '^[0-9]' && offer d | head -1 | grep -qx dump
}
if command -v bash >/dev/null; then
	check 'bash completes commands, options, columns and states' bash_words
	check 'bash completes names once, and commands first' bash_lists
	start sleep 600
	check 'bash completes pids' until_true sh -c '[ -n "$1" ]' x "$(offer dump "$last" | grep -x "$last")"
else
	for point in 13 14 15; do
		echo "ok $point - bash completes # SKIP bash is not installed"
	done
fi
parse_others() {
	for shell in zsh fish; do
		command -v $shell >/dev/null || continue
		case $shell in
		zsh) zsh -n "$top/man/completions/_grmon-c" ;;
		fish) fish -n "$top/man/completions/grmon-c.fish" ;;
		esac || return 1
	done
}
check 'the completions of zsh and fish can be read' parse_others
fish_words() {
	PATH=$BUILD:$PATH fish -c "source $top/man/completions/grmon-c.fish"'
		complete -C "grmon-c dump --sta"; complete -C "grmon-c --columns id,ag"
		complete -C "grmon-c --filter state:chan-s"; complete -C "grmon-c -s nat"
		complete -C "grmon-c dump -f js"; complete -C "grmon-c d"
		complete -C "grmon-c --columns id,"' >"$work/fish" || return 1
	! grep '^id,id' "$work/fish" || return 1
	PATH=$BUILD:$PATH fish -c "source $top/man/completions/grmon-c.fish"'; complete -C "grmon-c "' >"$work/first"
	[ "$(cut -f1 "$work/first" | tr '\n' ' ')" = 'run ls dump record report diff check export help ' ] || return 1
	for word in --stacks id,age state:chan-send native json dump; do
		cut -f1 "$work/fish" | grep -qx -- "$word" || { echo "$word"; return 1; }
	done
}
if command -v fish >/dev/null; then
	check 'fish completes options, columns, states, sources and formats' fish_words
else
	echo 'ok 17 - fish completes options # SKIP fish is not installed'
fi
