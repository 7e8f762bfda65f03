#!/bin/sh
# SPDX-License-Identifier: MIT
# Several processes as one target: words that name them, rows of each, processes that come and go.
. "$(dirname "$0")/lib.sh"
need python3
plan 25

# several QUESTION TARGET…: takes a dump of them and asks about it.
several() {
	wanted=$1
	shift
	dump "$@" && ask "$wanted"
}
# says CODE TEXT ARGUMENT…: the client exits with CODE and prints TEXT on stderr.
says() {
	code=$1
	text=$2
	shift 2
	"$client" "$@" >"$work/said" 2>&1 </dev/null
	got=$?
	cat "$work/said"
	[ $got -eq "$code" ] && grep -qF -- "$text" "$work/said"
}

# Names of this run alone: others may be called like that at the same time.
sleeper=nap-$$ shell=shell-$$
cp "$(command -v sleep)" "$work/$sleeper"
ln -s "$(command -v sh)" "$work/$shell"
start "$work/$sleeper" 600
one=$last
start "$work/$sleeper" 600
two=$last
start python3 -c 'import threading, time
for i in range(3):
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
time.sleep(600)'
three=$last

check 'two pids are one table' until_true several \
	"row tid=$one state=sleep and row tid=$two state=sleep and count = 2 and has target.pid=null" "$one" "$two"
check 'the resources are sums' ask 'has resources.threads=2'
check 'a name given beside others means all processes that have it' until_true several \
	"row tid=$one and row tid=$two and count pid=$three = 4" "$three" $sleeper
check 'name: means all of them alone' several "row tid=$one and row tid=$two and count = 2" name:$sleeper
check 'tree: means a process and its children' several "row tid=$one and row tid=$two and row tid=$three" "tree:$$"
check 'a word that means no process is reported' says 3 "no process is called 'no-$sleeper'" dump "$one" no-$sleeper
check 'a file among processes is named' says 2 "'/etc/passwd': the file is not" dump "$one" /etc/passwd
check 'a pid beside others must exist' says 3 'there is no process 4194999' dump "$one" 4194999

# As an ordinary user, who may not read the processes of root.
other='setpriv --reuid=65534 --regid=65534 --clear-groups'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$work"
	cp "$client" "$work/client"
	start $other "$work/$sleeper" 600
	theirs=$last
	as_other() { $other env -u XDG_CONFIG_HOME HOME=/nonexistent "$work/client" "$@"; }
	# shellcheck disable=SC2317
	mixed() {
		as_other dump "$one" "$theirs" "$three" -f json >"$work/dump.json" &&
			ask "row tid=$theirs state=sleep and row tid=$one state=unknown and count pid=$three = 1"
	}
	check 'a process that cannot be read is one row beside the others' until_true mixed
	check 'its row says why' ask "row tid=$one has waits_on.text*=belongs"
	check 'if none can be read, the message says what to do' sh -c \
		"$other env -u XDG_CONFIG_HOME HOME=/nonexistent '$work/client' dump $one $two 2>&1 | grep -q 'allow-partial'"
else
	for i in 1 2 3; do ok 0 "another user's processes ($i) # SKIP only root can be another user"; done
fi

kill -STOP "$two"
check 'a stopped process is beside the others' until_true several \
	"row tid=$two state=stopped and row tid=$one state=sleep" "$one" "$two"
check 'a note names it' ask "has errors.*~='process $two is stopped.*'"
kill -CONT "$two"

# Goroutines of two processes have the same ids.
if command -v go >/dev/null; then
	export GOFLAGS="" GOTOOLCHAIN=local
	GOCACHE=${GOCACHE:-$(go env GOCACHE)}
	export GOCACHE
	go build -o "$work/tiny" "$beside/../targets/go/tiny.go" >"$work/build.log" 2>&1
	for i in 1 2; do
		start sh -c "exec '$work/tiny' 12 >'$work/tiny.$i'"
		eval "tiny$i=$last"
		until_true grep -q ready "$work/tiny.$i"
	done
	# shellcheck disable=SC2154
	check 'equal ids of two Go programs are two tasks' until_true several \
		"count id^=g1@ = 2 and row id=g1@$tiny1 has pid=$tiny1 and row id=g1@$tiny2 has pid=$tiny2" "$tiny1" "$tiny2"
	# shellcheck disable=SC2154
	check 'a Go program and another one are one table' several \
		"row id=g1@$tiny1 and row id=t$one and has target.sources.*=goruntime target.sources.*=native" "$tiny1" "$one"
	check 'a proof goes to those that can have one' until_true several \
		"count pid=$tiny1 proven >= 3 and count pid=$tiny2 proven >= 3" "$tiny1" "$tiny2" "$one" --prove
	check 'what a goroutine holds is asked of its own process' several \
		"count id^=g1@ holds? = 2" "$tiny1" "$tiny2" --holds
else
	for i in 1 2 3 4; do ok 0 "Go programs ($i) # SKIP go is not installed"; done
fi

# Workers that were started separately have their code at other addresses.
grouped() {
	"$client" report "$one" "$two" --for 1s --stuck sleep=1ms -f json >"$work/dump.json" && ask 'has stuck.#=1 stuck.0.tasks=2'
}
check 'equal stacks of two processes are one group' until_true grouped

start "$client" record name:$sleeper -i 0.05 -o "$work/names"
names=$last
until_true test -s "$work/names"
start "$work/$sleeper" 600
new=$last
check 'a process that starts joins those of its name' until_true grep -q "\"t$new\"" "$work/names"

start "$client" record "$one" "$two" -i 0.05 -o "$work/record"
recorder=$last
until_true test -s "$work/record"
kill "$one"
# The recorder goes on with the other one, and ends with it.
lines() { [ "$(wc -l <"$work/record")" -gt $(($1 + 3)) ]; }
check 'the end of one process is not the end' until_true lines "$(wc -l <"$work/record")"
kill "$two"
wait "$recorder"
check 'the end of all of them is' test $? -eq 0
kill "$new" "${theirs:-$new}"
lines() { [ "$(wc -l <"$work/names")" -gt $(($1 + 3)) ]; }
check 'a name waits for the next process when all have ended' until_true lines "$(wc -l <"$work/names")"
kill -INT "$names"
wait "$names"

# Children call exec under the eyes of the recorder.
mkfifo "$work/go"
start sh -c "'$work/$shell' -c 'read line; exec \"$work/$sleeper\" 600' <'$work/go' & wait"
family=$last
exec 7>"$work/go"
start "$client" record "tree:$family" -i 0.05 -o "$work/exec"
recorder=$last
start "$client" record "name:$shell" -i 0.05 -o "$work/shells"
shells=$last
until_true grep -q '"state":"io-read"' "$work/exec"
child=$(pgrep -P "$family")
until_true grep -q "t$child\"" "$work/shells"
echo >&7
is_named() { "$client" dump "$work/exec" -f json >"$work/dump.json" && ask "in processes.* row pid=$child name=$sleeper"; }
check 'a process that calls exec has its new name' until_true is_named
has_left() { "$client" dump "$work/shells" -f json >"$work/dump.json" && ask "count tid=$child = 0"; }
check 'and leaves those of the name that it had' until_true has_left
kill -INT "$recorder" "$shells"
wait "$recorder" "$shells"
kill "$child" "$family"

start "$work/$sleeper" 600
one=$last
start "$work/$sleeper" 600
two=$last
start "$client" record "$one" "$two" -i 0.05 -o "$work/ends"
recorder=$last
until_true test -s "$work/ends"
kill "$one"
until_true grep -q "process $one has ended" "$work/ends"
lines() { [ "$(wc -l <"$work/ends")" -gt $(($1 + 3)) ]; }
until_true lines "$(wc -l <"$work/ends")"
kill "$two"
wait "$recorder"
check 'the end of a pid is said once' sh -c "[ \$(grep -c 'process $one has ended' '$work/ends') -eq 1 ] &&
	! grep -q 'no process' '$work/ends'"
