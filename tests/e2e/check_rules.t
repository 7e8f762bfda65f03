#!/bin/sh
# SPDX-License-Identifier: MIT
# The rules of check, each broken and kept; tasks that are not counted; and the exit status.
. "$(dirname "$0")/lib.sh"
need python3
here=$(cd "$(dirname "$0")/../targets" && pwd)
cd "$work" || exit 1
# The interpreter itself, not a wrapper script that starts it.
python=$(python3 -c 'import sys; print(sys.executable)')

# The jobs run at the same time; each leaves its status and its output, which are judged below.
jobs=
# job NAME COMMAND…
job() {
	name=$1
	shift
	{ "$@" >"$name.out" 2>&1 </dev/null; echo $? >"$name.status"; } &
	jobs="$jobs $!"
}
# ends JOB STATUS NAME [PATTERN…]: the job has exited with STATUS, and its output matches each PATTERN.
ends() {
	name=$1
	status=$2
	what=$3
	shift 3
	wrong=0
	[ "$(cat "$name.status")" = "$status" ] || wrong=1
	for pattern in "$@"; do grep -q -- "$pattern" "$name.out" || wrong=1; done
	ok $wrong "$what" "$(cat "$name.status"): $(cat "$name.out")"
}
run() { "$client" check "$@"; }
waiters() { # waiters OPTION… -- SECONDS CODE [NAME]
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086
	"$client" check $options -- "$python" "$here/leak_waiters.py" "$@"
}
locks() { # locks KIND OPTION…
	kind=$1
	shift
	# The program runs while its standard input is open, which is longer than the check.
	"$client" check "$@" -- "$BUILD/tests/targets/lock_cycles" "$kind" <hold
}
mkfifo hold
sleep 600 >hold &
started="$started $!"

job stuck waiters --max-stuck 0 --stuck 0.5 -- 6 0 seen
job stuck1 waiters --max-stuck 1 --stuck 0.5 -- 6 0
job code waiters --max-stuck 1 --no-leak --no-deadlock -- 1 7
job filter waiters --max-stuck 0 --stuck 0.5 --filter name=other -- 2 0
job known waiters --max-stuck 0 --stuck 0.5 -- 2 0 bio_work
job late waiters --max-stuck 0 --stuck 0.5 -- 5 0 late
job released waiters --max-stuck 0 --stuck 0.5 -- 4 0 released
mkdir -p known/grmon-c
echo '{"acknowledge": ["state:lock", "state:chan-recv"]}' >known/grmon-c/config.json
job acknowledged env XDG_CONFIG_HOME="$work/known" "$client" check --max-stuck 0 --stuck 0.5 \
	-- "$python" "$here/leak_waiters.py" 2 0
job tasks run --max-tasks 5 -- "$python" "$here/leak_pool.py" pool 3
job tasks50 run --max-tasks 50 --for 3 -- "$python" "$here/leak_pool.py" pool
job leak run --no-leak -- "$python" "$here/leak_pool.py" leak 8
start "$python" "$here/leak_pool.py" leak
job recorded record_some 60 leaking "$last" -i 0.1
job pool run --no-leak --for 8 -- "$python" "$here/leak_pool.py" pool
job ack_leak env XDG_CONFIG_HOME="$work/known" "$client" check --no-leak --for 5 \
	-- "$python" "$here/leak_pool.py" leak
mkdir -p unwanted/grmon-c
echo '{"suppress": ["state:lock", "state:chan-recv"]}' >unwanted/grmon-c/config.json
job suppressed env XDG_CONFIG_HOME="$work/unwanted" "$client" check --no-leak --max-stuck 0 \
	--stuck 1 --for 5 -- "$python" "$here/leak_pool.py" leak
job deadlock locks abba --no-deadlock --for 20
job no_leak locks abba --no-leak --for 2
job usual locks abba --for 20

# Tasks that were stuck before check started, and a task that begins to wait while it runs.
start "$python" "$here/leak_waiters.py" 60 0
before=$last
start "$python" "$here/leak_waiters.py" 60 0
during=$last
two_wait() { [ "$(grep -c '^waits' log)" -eq 2 ]; }
until_true two_wait
job before run "$before" --max-stuck 0 --stuck 0.5 --for 3
# On a busy machine that time may be too short for the samples that a finding needs.
found_during() {
	for _ in 1 2 3 4 5; do
		run "$during" --max-stuck 0 --stuck 0.5 --for 4 && continue
		return 1
	done
}
job during found_during
# Some threads start before the first sample, some after it.
while [ ! -s during.status ] && kill -USR1 "$during"; do sleep 0.2; done &
started="$started $!"
record_some 12 recording "$before" -i 0.1
job recording run recording --max-stuck 0 --stuck 0.5
job signal run --no-leak -- sh -c 'kill -9 $$'
job usage run --max-stuck many -- true
job two run --no-leak one two
job nothing run --no-leak --
job missing run --no-leak -- "$work/no-such-program"
job target run --no-leak no-such-process-here
# shellcheck disable=SC2086
wait $jobs

ends stuck 1 '--max-stuck 0 fails for a thread that waits for ever, and prints its stack' \
	'^check: 1 task left blocked at exit, at most 0 allowed' '1 x .* in .*created by .*: t[0-9]' \
	'blocked at' '_wait'
ends stuck1 0 '--max-stuck 1 permits one stuck thread' 'check passed'
ends released 0 'a thread that was stuck and has continued is not counted' 'check passed'
ends late 1 'a thread that continues only when the process ends is stuck' '^check: 1 stuck task'
ends code 7 'if check passes, the exit status is that of the command'
ends filter 0 'with --filter other threads are not counted' 'check passed'
ends known 0 'a thread of a known idle pool is not counted' 'check passed'
ends acknowledged 0 'a thread that the configuration acknowledges is not counted' 'check passed'
ends tasks 1 '--max-tasks fails for too many threads' '^check: [0-9]* tasks, at most 5 allowed'
ends tasks50 0 '--max-tasks passes for fewer threads, and --for ends the command' 'check passed'
ends leak 1 '--no-leak fails for threads whose number grows' '^check: 1 leak' 'a minute' 'blocked at'
# numbers FILE EXPRESSION: those of a leak, "191 179".
numbers() { sed -nE "s/$2.*\(([0-9]+) of them have stayed\).*/\1 \2/p" "$1"; }
"$client" report leaking >report.out 2>&1
run leaking --no-leak >check.out 2>&1
[ -n "$(numbers check.out '^  ([0-9]+) x')" ] &&
	[ "$(numbers check.out '^  ([0-9]+) x')" = "$(numbers report.out '^ *([0-9]+) tasks')" ]
ok $? 'it says the same two numbers of a leak as a report' "$(cat check.out report.out)"
ends pool 0 '--no-leak passes for a pool that fills' 'check passed'
ends ack_leak 0 '--no-leak passes for a leak that is acknowledged' 'check passed'
ends suppressed 0 '--no-leak passes for a leak that is suppressed' 'check passed'
ends deadlock 1 '--no-deadlock fails for two threads that wait for each other' '^check: 1 deadlock' \
	'in mutex: .* held by'
ends no_leak 0 '--no-leak passes for them' 'check passed'
ends usual 1 'without a rule check fails for leaks and deadlocks' '^check: 1 deadlock'
ends before 0 'a task that was stuck before check started is not counted' 'check passed'
ends during 1 'a task that begins to wait while check runs is counted' '^check: [0-9]* stuck task'
ends recording 0 'a task that was stuck before a recording started is not counted' 'check passed'
ends signal 137 'for a command that a signal ends, the status is 128 and its number'
ends usage 2 'a limit that is not a number is refused' 'is not a number'
ends two 3 'a command without -- is recognised' 'grmon-c check -- one two'
ends nothing 2 '-- without a command is refused' 'a command is missing after --'
ends missing 3 'a command that does not exist exits with 3'
ends target 3 'a target that does not exist exits with 3'
plan $tests
