#!/bin/sh
# SPDX-License-Identifier: MIT
# --ptrace stops each running thread for a moment and reads its stack. The target continues whatever
# happens to the client, and loses no signal. Without --ptrace no thread is stopped.
. "$(dirname "$0")/lib.sh"
need python3
need_ptrace
plan 9

[ "$(uname -m)" = x86_64 ] || skip_all 'registers are read on x86-64 only'
mkfifo "$work/in"
"$BUILD/tests/targets/spinner" <"$work/in" >"$work/out" 2>"$work/log" &
target=$!
started="$started $target"
exec 9>"$work/in"
until_true grep -q ready "$work/out"

spins() {
	dump "$target" "$@" &&
		[ "$(ask 'value stack.*.function name=spins' | grep -m1 -A1 -x spin_outer | xargs)" = 'spin_outer spinner' ]
}
until_true spins --ptrace
ok $? 'with --ptrace a running thread has a stack' "$(cat "$work/dump.json")"
check 'the sources include ptrace' ask 'has target.sources.*=ptrace'
until_true sees "$target" 'row state=running name=spins'
check 'without --ptrace a running thread has no stack' ask 'every name=spins has stack=[]'
check 'without --ptrace the dump has no errors' ask 'has !target.sources.*=ptrace !errors'

# No thread stays stopped when the client is killed, at whatever moment.
free() {
	! grep -q '^State:.[tT]' /proc/"$target"/task/*/status &&
		! grep '^TracerPid:' /proc/"$target"/task/*/status | grep -qv '[^0-9]0$'
}
kills=0
while [ $kills -lt 25 ]; do
	kills=$((kills + 1))
	"$client" record "$target" --ptrace -i 0.01 -o "$work/recording.$kills" >"$work/log" 2>&1 &
	killed=$!
	until_true test -s "$work/recording.$kills"
	sleep "0.0$((kills * 37 % 100))"
	kill -9 $killed
	wait $killed 2>/dev/null
	rm -f "$work/recording.$kills"
	until_true free || break
done
ok $? 'after 25 killed recorders no thread is stopped or traced' \
	"$(grep -E '^(State|TracerPid)' /proc/"$target"/task/*/status)"

# A debugger is attached to the target.
python3 "$beside/ptrace_seize.py" "$target" >"$work/traced" &
debugger=$!
started="$started $debugger"
until_true grep -q traced "$work/traced"
check 'a process with a debugger is reported' until_true sees "$target" \
	"in errors.* row .*='a debugger is attached to it'" --ptrace
kill $debugger
wait $debugger 2>/dev/null

# A target that a signal has stopped stays stopped.
kill -STOP "$target"
check 'a stopped process is reported' until_true sees "$target" \
	"in errors.* row .*='stopped by a signal'" --ptrace
kill -CONT "$target"

"$client" record "$target" --ptrace -i 0.02 --for 1s -o "$work/recording" 2>"$work/log"
grep -q spin_outer "$work/recording"
ok $? 'fifty samples a second have stacks'
exec 9>&-
wait "$target"
# The target prints: ready spins N sent N handled N.
xargs <"$work/out" | awk '{ exit !($3 == 1 && $5 > 100 && $7 >= $5 - 2 && $7 <= $5) }'
ok $? 'the target has continued and received its signals' "$(cat "$work/out")"
