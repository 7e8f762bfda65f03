#!/bin/sh
# SPDX-License-Identifier: MIT
# Random keys, resizes, clicks, pastes and broken bytes: no crash, no stale screen, no cursor outside
# its list. `make monkey` takes minutes and other seeds; MONKEY_SEED=N repeats one.
. "$(dirname "$0")/lib.sh"
need python3
seconds=${MONKEY_SECONDS:-4}
seed=${MONKEY_SEED:-1}
case $seed in
random) seed=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ') ;;
esac
monkeys=${MONKEY_TARGETS:-tasks service churn recording text}
# shellcheck disable=SC2086
set -- $monkeys
plan $#
cd "$work" || exit 1
export EDITOR=true VISUAL=true

churn() {
	[ -p churn.in ] || mkfifo churn.in
	"$BUILD/tests/targets/churn" threads <churn.in >churn.out 2>/dev/null &
	churn=$!
	started="$started $churn"
	exec 8>churn.in
	until_true grep -q ready churn.out || give_up 'the target does not start'
}
# A text of several dumps, from none to 300 goroutines, some with hostile names.
dumps() {
	awk 'BEGIN {
		split("3 300 0 40 1 120", counts)
		for (dump = 1; dump <= 6; dump++)
			for (i = 1; i <= counts[dump]; i++)
				printf "goroutine %d [%s, %d minutes]:\nmain.f%d\033[31m\346\227\245(...)\n\t/srv/m%d.go:%d +0x1\ncreated by main.start in goroutine 1\n\t/srv/m.go:%d +0x2\n\n",
					i, i % 3 ? "chan receive" : "select", i * dump % 90, i % 7, i % 5, i, i % 4
	}' >dumps.txt
}
for monkey; do
	case $monkey in
	tasks)
		start_target
		set -- "$target"
		;;
	service) # processes come and go all the time
		[ -n "${target:-}" ] || start_target
		sh -c 'while :; do sleep 0.5 & sleep 0.2; done' >/dev/null 2>&1 </dev/null 9>&- &
		family=$!
		started="$started $family"
		set -- "$target" "tree:$family" -i 0.2
		;;
	churn | recording)
		[ -n "${churn:-}" ] || churn
		set -- "$churn" -i 0.2
		[ $monkey = churn ] || {
			"$client" record "$churn" -o file.grmon -i 0.1 --for 2 >/dev/null 2>&1 || give_up 'no recording'
			set -- file.grmon
		}
		;;
	text)
		dumps
		set -- dumps.txt
		;;
	esac
	python3 "$beside/monkey.py" "$client" "$seconds" "$seed" "$monkey" "$@" >out 2>&1
	result=$?
	cat out
	ok $result "$monkey, seed $seed, for $seconds s"
done
