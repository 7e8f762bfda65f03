#!/bin/sh
# SPDX-License-Identifier: MIT
# The view on an endpoint that stops answering, and on dumps from a pipe.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null 2>&1 || { echo "1..0 # SKIP python3 is not installed"; exit 0; }
plan 18

python3 "$(dirname "$0")/../e2e/pprof_broken.py" "$work/port" >/dev/null 2>&1 &
started="$started $!"
until_true test -s "$work/port"
open_shell 110 16
view "http://127.0.0.1:$(cat "$work/port")/later"
expect 'tasks 50' "an endpoint is watched"
expect '×49 +chan-recv +>2m' "minutes are a lower bound of the age"
expect 'is stopped while it prints 50 goroutines' "the footer says that the program is stopped for a dump"
: >"$work/port.broken"
expect 'the last sample failed: .* did not answer in time' "an endpoint that hangs is reported"
expect '×49 +chan-recv' "the last sample stays"
press q
expect '^status=0' "q does not wait for the endpoint"

printf 'goroutine %d [select, 5 minutes]:\nmain.f(...)\n\t/m.go:1 +0x1\n\n' 1 2 1 7 >"$work/dump"
run_in_shell "clear; cat $work/dump | $client -"
expect 'stdin +pprof .*tasks 2' "a dump is read from a pipe"
expect 'this text has 2 dumps, with 2 and 2 goroutines; number 2 is shown' "the footer says that the text has two dumps"
press Enter
expect '^ State +select' "keys are read from the terminal"
press q
press q
wait_for '^back>'

printf 'goroutine %d [select, 5 minutes]:\nmain.f(...)\n\t/m.go:1 +0x1\n\n' 1 2 3 1 7 >"$work/dump"
view "$work/dump"
expect 'tasks 2 ' "the last of two dumps is shown"
press '['
expect 'tasks 3 ' "[ shows the dump before"
press ']'
expect 'g7 +select' "] shows the next dump"
press q
{
	printf 'goroutine profile: total 7046\n'
	printf '7046 @ 0x43c9d6\n#\t0x43c9d5\tmain.worker+0x55\t/src/main.go:12\n'
} >"$work/dump"
view "$work/dump"
expect 'tasks 7,046' "goroutines are counted, not rows"
press Enter
expect 'Stands for +7046 goroutines with the same stack; only debug=2 has states' "the open task explains such a row"
press q
press q
wait_for '^back>'

mkfifo "$work/open"
exec 7<>"$work/open"
printf 'goroutine %d [select, 5 minutes]:\nmain.f(...)\n\t/m.go:1 +0x1\n\n' 1 2 >&7
run_in_shell "clear; $client - <$work/open; echo status=\$?"
expect 'tasks 2( |$)' "an input that is still open is shown"
expect 'the input is still open' "the footer says that it is open"
printf 'goroutine %d [select, 5 minutes]:\nmain.f(...)\n\t/m.go:1 +0x1\n\n' 3 4 5 >&7
expect 'tasks 5 ' "what it brings later is added"
exec 7>&-
expect 'ENDED' "its end is shown"
