#!/bin/sh
# SPDX-License-Identifier: MIT
# grmon-c dump on a real program: every field of the JSON, the text, and outputs that are closed or
# full.
. "$(dirname "$0")/lib.sh"
need python3
plan 24

cd "$work" || exit 1
start python3 "$beside/cli_dump_program.py"
pid=$last
check 'the program has its threads' until_true sees "$pid" "count name=$(printf 'na\357\277\275me\033[2J') = 3"

dump "$pid"
check 'every field of the JSON has its name, place and type' python3 "$beside/cli_dump_schema.py" "$work/dump.json" "$pid"
check 'the waiters are of class lock, the main thread sleeps' sees "$pid" \
	'count class=lock = 3 and count state=sleep = 1 and row state=sleep has idle'
check 'ages include the time between both samples' sees "$pid" 'every has age_ns>=90000000'
check 'a filter does not change the counts' sees "$pid" \
	'count = 1 and has counts.tasks=4' --filter state:sleep
check '--ptrace is among the sources' sees "$pid" 'has target.sources.*=ptrace' --ptrace
check 'no task is stuck by the default threshold' sees "$pid" 'has counts.stuck=0'
by_id() {
	dump "$pid" --sort id:desc && ask 'list id' >"$work/ids" && LC_ALL=C sort -r "$work/ids" | diff "$work/ids" -
}
check 'an option after the target is used' by_id

text() { LC_ALL=C.UTF-8 "$client" dump "$pid" "$@" >"$work/text"; }
columns() {
	text --columns name,state --sort name && grep -qx 'NAME *STATE' "$work/text" &&
		grep -qE '^na\\xffme\\x1b\[2J +(futex|semaphore|mutex)$' "$work/text" &&
		! LC_ALL=C grep -q "$(printf '\033')" "$work/text"
}
check 'the text has the chosen columns and escapes control characters' columns
head_lines() {
	text && head -2 "$work/text" | grep -q "^python3.*pid $pid" && grep -q '^tasks 4, stuck 0' "$work/text"
}
check 'the text begins with the target and the counts' head_lines
outermost() { grep -qE '^ +#0 ' "$work/text" && grep -qE "^ +#[0-9]+ +$1" "$work/text"; }
stacks() { text --stacks && outermost '<module>' && text --stacks --runtime && outermost _start; }
check '--stacks shows whole stacks' stacks

to_file() { "$client" dump -f json -o "$work/file.json" "$pid" && python3 "$beside/cli_dump_schema.py" "$work/file.json" "$pid"; }
check 'a dump can go to a file' to_file
full() {
	"$client" dump "$pid" >/dev/full 2>"$work/err"
	[ $? -eq 2 ] && grep -q 'No space left' "$work/err"
}
check 'a full disk is an error' full
unwritable() {
	"$client" dump -o "$work/no/such/folder" "$pid" 2>"$work/err"
	[ $? -eq 2 ] && grep -q 'cannot write' "$work/err"
}
check 'an output that cannot be opened is an error' unwritable
# A reader that stops reading: SIGPIPE ends the client without a message.
check 'a closed pipe ends the client silently by SIGPIPE' python3 "$beside/cli_dump_pipe.py" "$client" dump -f json "$pid"

# The target ends between the samples, soon after the client has opened its pidfd.
check 'a target that ends during the dump gives status 4' python3 "$beside/cli_dump_ends.py" "$client"

ls_json() {
	"$client" ls -f json >"$work/ls.json" &&
		ask_file "$work/ls.json" "in processes.* row pid=$pid has tasks=4 name^=python3 source=native command*=program.py rss_bytes>1048576" &&
		ask_file "$work/ls.json" 'in processes.* list source' >"$work/sources" && LC_ALL=C sort -c "$work/sources" && "$client" ls | grep -qE "^ *$pid native +4 python3"
}
check 'ls lists the program, as a table and as JSON' until_true ls_json

# With the agent, ages are exact already in the first sample.
rm -f ready
start env -u XDG_RUNTIME_DIR "$client" run -- python3 "$beside/cli_dump_program.py"
pid=$last
check 'run with the agent, the program has the same threads' until_true sees "$pid" \
	'has target.sources.0=agent and count class=lock age_exact = 3'
check 'three tasks that wait at one place for one object are at rest' until_true sees "$pid" \
	"has counts.stuck=0 counts.long=0 and count idle state!=sleep = 3 and every idle state!=sleep has evidence*='3 tasks wait here'" --stuck 50ms
check 'they are stuck if --stuck names their state' until_true sees "$pid" \
	"has counts.stuck=3 and count stuck evidence='named by --stuck' = 3 and row state=sleep has !stuck" --stuck mutex=50ms
check 'an idle task is stuck if --stuck names its state' until_true sees "$pid" \
	'row state=sleep has stuck and has counts.stuck=1' --stuck never,sleep=50ms
check 'with the agent the JSON has the same fields in the same places' sh -c 'python3 "$0/cli_dump_schema.py" "$1/dump.json" "$2"' "$beside" "$work" "$pid"
check '--source native reads the program from outside' sees "$pid" \
	'has target.sources=native and count >= 4' -s native
check 'ls names the agent' sh -c '"$0" ls -s agent | grep -qE "^ *$1 agent "' "$client" "$pid"
