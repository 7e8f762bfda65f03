#!/bin/sh
# SPDX-License-Identifier: MIT
# check takes its last sample while the command is held in its exit. Short commands are judged as
# long ones are, and keep their exit status, their signals and their job control.
. "$(dirname "$0")/lib.sh"
need python3
waits=$BUILD/tests/targets/exit_waits
cd "$work" || exit 1

# ends STATUS NAME PATTERN COMMAND…: check of the command exits with STATUS and prints PATTERN.
ends() {
	status=$1
	what=$2
	pattern=$3
	shift 3
	"$client" check --no-leak --max-stuck 0 -- "$@" >out 2>&1 </dev/null
	got=$?
	[ $got -eq "$status" ] && grep -qE -- "$pattern" out
	ok $? "$what" "$got: $(cat out)"
}
"$client" check -- true >out 2>&1
status=$?
if grep -q 'ptrace is not permitted' out; then
	ok $status 'if ptrace is not permitted, the command still runs' "$(cat out)"
	plan $tests
	exit 0
fi
[ $status -eq 0 ] && grep -q 'check passed: .*at its exit' out
ok $? 'the shortest command is sampled' "$status: $(cat out)"
ends 1 'a thread that waits for a mutex when the process ends is found' \
	'^  1 x mutex in wait_for_mutex.*created by begin' "$waits" mutex
check 'the last line counts the tasks left blocked' grep -q '^check: 1 task left blocked at exit, at most 0 allowed' out
ends 1 'a thread that waits for a read-write lock at the end is found' '^  1 x rwlock-read in wait_for_rwlock' "$waits" rwlock
ends 3 'a command that fails keeps its status' '1 x mutex in wait_for_mutex' "$waits" mutex 3
ends 5 'it also keeps its status if another thread ends the process' '1 x mutex in wait_for_mutex' \
	"$waits" other 5
ends 0 'a pool of workers at rest passes' 'check passed' "$waits" pool
ends 0 'threads that are joined pass' 'check passed' "$waits" clean
ends 7 'signals are passed on to the command' 'check passed' "$waits" signals 7
ends 6 'a command whose second thread calls exec passes' 'check passed' "$waits" exec
ends 1 'a thread is found if a shell becomes the command by exec' '1 x mutex in wait_for_mutex' sh -c "exec $waits mutex"
ends 4 'a shell that runs other commands keeps its status' 'check passed' sh -c 'true; (exit 4)'
ends 137 'for a command that a signal ends, the status is 128 and its number' 'ended with status 137' sh -c 'kill -9 $$'

# The job is stopped and continued as any other; its handler shows that SIGCONT arrived.
"$client" check -- "$(python3 -c 'import sys; print(sys.executable)')" "$beside/check_exit_job.py" >out 2>&1 &
job=$!
started="$started $job"
until_true test -s pid
pid=$(cat pid)
started="$started $pid"
kill -TSTP "$pid"
until_true grep -qE '^State:.[tT] ' "/proc/$pid/status"
ok $? 'SIGTSTP stops the command'
sleep 0.2
grep -qE '^State:.[tT] ' "/proc/$pid/status"
ok $? 'the command stays stopped'
kill -CONT "$pid"
wait "$job"
[ $? -eq 8 ]
ok $? 'SIGCONT continues the command, and its handler runs' "$(cat out)"

# ^C sends its signal to the whole job.
python3 "$beside/check_exit_interrupt.py" "$client" check -- sleep 30 >out 2>&1
status=$?
[ $status -eq 130 ]
ok $? 'a signal to the whole job ends the command as it does without check' "$status: $(cat out)"

# When its tracer is gone, the command continues by itself.
"$client" check -- sleep 600 >out 2>&1 &
job=$!
started="$started $job"
child_is_traced() {
	pid=$(descendant "$job" sleep) && grep -q "^TracerPid:.*[1-9]" "/proc/$pid/status"
}
until_true child_is_traced
started="$started $pid"
kill -9 "$job"
is_free() { grep -q '^TracerPid:.*0$' "/proc/$pid/status"; }
until_true is_free
ok $? 'a command continues when check is killed' "$(grep -E 'State|Tracer' "/proc/$pid/status")"
# A container or a service may forbid ptrace. Then there are only the samples of the running command.
if [ "$(uname -m)" = x86_64 ] && python3 "$beside/check_exit_forbid.py" /bin/sh -c true 2>/dev/null; then
	python3 "$beside/check_exit_forbid.py" "$client" check --max-stuck 0 -- sh -c 'sleep 1; exit 5' >out 2>&1
	status=$?
	[ $status -eq 5 ] && grep -q 'the command cannot be held in its exit for a last sample: .*ptrace is not permitted' out &&
		grep -q 'check passed: [0-9]* samples' out
	ok $? 'without ptrace a note says that there is no last sample' "$status: $(cat out)"
	python3 "$beside/check_exit_forbid.py" "$client" check --max-stuck 0 -- true >out 2>&1
	status=$?
	[ $status -eq 4 ] && grep -q 'nothing was checked' out || [ $status -eq 0 ]
	ok $? 'without ptrace a note says that the shortest command was not checked' "$status: $(cat out)"
else
	ok 0 'without ptrace # SKIP it cannot be forbidden here'
fi

# Sanitizers that refuse a preloaded library or a tracer: the program works as it does without check.
cat >lost.c <<'C'
#include <stdlib.h>
static void *volatile lost;
int main(int argc, char **argv)
{
	(void)argv;
	lost = malloc(100);
	lost = NULL;
	return argc > 5;
}
C
if gcc -g -fsanitize=address lost.c -o lost 2>/dev/null; then
	LSAN_OPTIONS=exitcode=23 ASAN_OPTIONS=detect_leaks=1 ./lost >out 2>&1
	alone=$?
	LSAN_OPTIONS=exitcode=23 ASAN_OPTIONS=detect_leaks=1 "$client" check -- ./lost >out 2>&1
	status=$?
	[ $status -eq $alone ] && ! grep -qE 'come first|under ptrace' out &&
		grep -q 'agent cannot be preloaded .*AddressSanitizer' out &&
		grep -q 'no last sample was taken .*LeakSanitizer' out
	ok $? "AddressSanitizer and LeakSanitizer do their work ($alone)" "$status: $(cat out)"
else
	ok 0 'AddressSanitizer # SKIP it is not there'
fi
plan $tests
