#!/bin/sh
# SPDX-License-Identifier: MIT
# Every kind of wait, without and with the agent: state, object, owner; file and line, the user's
# rules, and a process that is stopped.
. "$(dirname "$0")/lib.sh"
need python3
plan 19

# launch NAME [VARIABLE=VALUE…]: starts a target that ends when its stdin is closed; its pid is in
# $target.
launch() {
	program=$1
	shift
	rm -f "$work/in"
	mkfifo "$work/in"
	# Keeps the fifo open: the program ends when its stdin is closed.
	exec 9<>"$work/in"
	env "$@" "$BUILD/tests/targets/$program" <"$work/in" >"$work/$program" 2>"$work/log" 9>&- &
	target=$!
	started="$started $target"
	until_true grep -q "^ready" "$work/$program"
}
land() {
	echo >&9
	exec 9>&-
	wait "$target"
}
native() { dump "$target" -s native; }
# says QUESTION: asks about a new dump.
says() { native && ask "$1"; }
# Prints the beginning of a question about the thread that the target calls NAME.
the() { echo "row $(tid_of "$1") has"; }
tid_of() { awk -v name="$1" '$1 == "wait" && $2 == name { print "tid=" $3 }' "$work/$program"; }
until_says() { until_true says "$1"; }

launch wrap_waits
# From outside, a raw futex system call that locks is the same as a mutex.
states() { native && python3 "$beside/native_waits_states.py" "$work/dump.json" "$work/wrap_waits"; }
until_true states
check 'the state of every wait is right, with no agent' states
# rows WAY [OPTION…]: compares the state, object and owner of each row.
rows() {
	way=$1
	shift
	dump "$target" "$@" && python3 tests/e2e/wait_rows.py "$work/dump.json" "$work/wrap_waits" "$target" "$way"
}
until_true rows native -s native
check 'each wait has its object and its holder' rows native -s native
land

launch wrap_waits LD_PRELOAD="$agent"
hidden() { native && ask 'count > 0 and no name=grmon'; }
check "the agent's own thread is not shown" hidden
inside() {
	native && ask 'in tasks.*.stack.* no file*=src/agent/'
}
check "the agent's frames are not in the stacks" inside
check 'the states are right with the agent inside' states
until_true rows agent
check 'through the agent each wait has its object and owner' rows agent
land

launch kind_fds
end=$(sed -n 's/^end \([0-9]*\) child.*/\1/p' "$work/kind_fds")
child=$(sed -n 's/^end .* child //p' "$work/kind_fds")
until_says "$(the epoll) waits_on.text*=epoll"
check 'an epoll names its descriptors' says "$(the epoll) waits_on.text\$=' of fds $end'"
check 'a timerfd says when it is due' says "$(the timerfd) waits_on.text*='timerfd, due ' waits_on.text*=', every 2.0s'"
check 'an eventfd says its count' says "$(the eventfd) waits_on.text*='eventfd, count 0'"
check 'inotify counts its watches' says "$(the inotify) waits_on.text*='inotify, 1 watch'"
check 'a signalfd names its signals' says "$(the signalfd) waits_on.text*='signalfd USR1'"
check 'a pidfd names its process' says "$(the pidfd) waits_on.text*='pidfd of process $child'"
check 'a sleep says when it ends' says "$(the until) waits_on.text^='until '"
line=$(grep -n 'epoll_wait(wait' tests/targets/kind_fds.c | cut -d: -f1)
at_line() {
	says "in stack.* of $(tid_of epoll) : row function=in_epoll line=$line file\$=/tests/targets/kind_fds.c file^=/"
}
check 'file and line are those of the source, with its whole path' at_line
mkdir -p "$work/config/grmon-c"
echo '{"stack_rules": [{"function": "kind_queue_*", "state": "chan-recv"}]}' \
	>"$work/config/grmon-c/config.json"
check "the user's rule names the state" says "$(the queue) state=chan-recv"
rm "$work/config/grmon-c/config.json"
check 'without the rule the wait is for a condition' says "$(the queue) state=cond"
kill -STOP "$target"
stopped() { native && ask "in errors.* row .*='is stopped by a signal'"; }
until_true stopped
check 'a stopped process is shown as stopped' stopped
kill -CONT "$target"
land

launch kind_fds LD_PRELOAD="$agent"
tid=$(sed -n 's/^wait epoll \([0-9]*\).*/\1/p' "$work/kind_fds")
epolls() { dump "$target" -s agent && ask "row tid=$tid has waits_on.text^='epoll '"; }
check 'the agent names an epoll in the same way' until_true epolls
land

mkfifo "$work/unread"
sh -c ': >"$1"' sh "$work/unread" &
target=$!
started="$started $target"
opens() { native && ask "has tasks.0.state=io-write tasks.0.waits_on.text='opening $work/unread'"; }
check 'a process that opens a FIFO to write waits for a reader' until_true opens
