# SPDX-License-Identifier: MIT
# For benchmarks that are shell scripts, beside what tests/lib.sh has: rows, and turns that are taken until the
# interval of a row is on one side of its goal. The script ends its processes in finish().
# shellcheck shell=sh disable=SC2034

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
export BUILD
lib_finish() {
	trap - EXIT INT TERM
	! command -v finish >/dev/null || finish
	rm -rf "$work"
}
trap lib_finish EXIT
trap 'exit 130' INT TERM

# figure NAME VALUE UNIT GOAL [LOW-HIGH]
figure() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-}"; }

# turns NAME UNIT GOAL COMMAND…: prints a row of the median of what the command prints, which is run TURNS
# times (15), and more often, up to TURNS_MOST times (8 times as often), while the goal is inside the
# interval. The command gets the number of the turn as its last argument.
turns() {
	turns_name=$1 turns_unit=$2 turns_goal=$3
	shift 3
	: >"$work/turns"
	turns_done=0
	turns_wanted=${TURNS:-15}
	turns_most=${TURNS_MOST:-$((8 * turns_wanted))}
	while :; do
		while [ $turns_done -lt "$turns_wanted" ]; do
			"$@" $turns_done >>"$work/turns" || { echo "$turns_name: turn $turns_done failed"; return 1; }
			turns_done=$((turns_done + 1))
		done
		"$BUILD/tests/bench/interval" "$turns_goal" <"$work/turns" >"$work/interval" || return 1
		[ $turns_done -lt "$turns_most" ] && grep -q open "$work/interval" || break
		turns_wanted=$((2 * turns_wanted < turns_most ? 2 * turns_wanted : turns_most))
	done
	read -r median low high _ <"$work/interval"
	figure "$turns_name" "$median" "$turns_unit" "$turns_goal" "$low-$high"
}

# ratio NAME GOAL OURS THEIRS: a row of what OURS prints over what THEIRS prints; both are commands of one
# word, and take turns at going first.
ratio() { turns "$1" ratio "$2" ratio_turn "$3" "$4"; }
ratio_turn() {	# ratio_turn OURS THEIRS NUMBER
	ratio_ours=
	[ $(($3 % 2)) -eq 0 ] || ratio_ours=$("$1")
	ratio_theirs=$("$2")
	[ -n "$ratio_ours" ] || ratio_ours=$("$1")
	awk -v a="$ratio_ours" -v b="$ratio_theirs" 'BEGIN { if (a == "" || b + 0 == 0) exit 1; printf "%.5f\n", a / b }'
}

# ms COMMAND…: how long it takes; its output is thrown away.
ms() {
	ms_from=$(date +%s%N)
	"$@" >/dev/null 2>&1
	echo $((($(date +%s%N) - ms_from) / 1000)) | awk '{printf "%.3f\n", $1 / 1000}'
}
