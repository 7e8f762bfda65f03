#!/bin/sh
# SPDX-License-Identifier: MIT
# What is written about a target that is several processes: two Go servers with equal ids of
# goroutines that leak, a process that ends, and one that starts.
. "$(dirname "$0")/lib.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
# Names of this run alone: others may be called like that at the same time.
api=api-$$ sleeper=nap-$$
go build -o "$work/$api" "$(dirname "$0")/../targets/go/climbs.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
cp "$(command -v sleep)" "$work/$sleeper"
plan 33
cd "$work" || exit 1

# serve STORY: starts a server; its pid is in $last.
serve() {
	"$work/$api" "$1" 50 >served 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q ready served
}
serve producer
one=$last
serve producer
two=$last
start "$work/$sleeper" 600
nap=$last
[ "$one" -lt "$two" ] || { first=$one one=$two two=$first; }

# Formats of one snapshot.
"$client" dump "$one" "$two" "$nap" >text.txt
has_columns() { grep -Eq '^! +ID +PID +PROCESS +STATE' text.txt; }
check 'the text has columns for the process' has_columns
says_number() { head -1 text.txt | grep -q '(3 processes)'; }
check 'its header says how many there are' says_number
lists() { grep -Eq "^ *$nap +$sleeper +1 +0 +1 .* native" text.txt; }
check 'and lists each with its resources' lists
# A short id, the pid beside it.
equal_ids() { grep -Eq "^ +g1 +$one +$api" text.txt && grep -Eq "^ +g1 +$two +$api" text.txt; }
check 'both servers have their goroutine 1' equal_ids
alone() { "$client" dump "$one" | grep '^!' | grep -vq PROCESS; }
check 'one process alone has no such columns' alone
dump "$one" "$two" "$nap"
check 'ids in JSON are those of one task each' python3 "$beside/services_files_ids.py" dump.json "$one" "$two" "$nap"
check 'JSON has each process with its resources' ask \
	"in processes.* row pid=$nap has name=$sleeper sources.0=native counts.tasks=1 resources.threads=1 !error" \
	"in processes.* row pid=$one has runtime^=go counts.tasks>4 resources.fds>2" 'has target.pid=null'
check 'the object of one process is as it was' sees "$one" "no pid? and has target.pid=$one !processes?"
filtered() {
	"$client" dump "$one" "$two" "$nap" --filter "pid:$two" -f json >dump.json && ask "every has pid=$two" &&
		"$client" dump "$one" "$two" "$nap" --filter process:nap -f json >dump.json && ask "every has pid=$nap and count = 1"
}
check 'pid: and process: select rows' filtered
sorted() {
	"$client" dump "$one" "$two" "$nap" --sort pid --columns pid | sed '1,/^ *PID$/d' | sort -c -n &&
		"$client" dump "$one" "$two" "$nap" --sort process:desc --columns process,id | tail -n +2 | grep -A1 '^PROCESS' | grep -q nap
}
check 'rows are sorted by them' sorted
folded() { "$client" dump "$one" "$two" "$nap" -f folded >folded.txt && ! grep -Ev "^($api|$sleeper)" folded.txt; }
check 'folded stacks begin with the process' folded
profiled() {
	"$client" dump "$one" "$two" -f pprof -o all.pb.gz && go tool pprof -tags all.pb.gz >tags.txt 2>tags.err &&
		grep -Eq "^ +[0-9.]+ .*: $one\$" tags.txt && grep -Eq "^ +[0-9.]+ .*: $two\$" tags.txt && grep -q 'process: Total' tags.txt
}
check 'a profile has the labels pid and process' profiled
measured() {
	"$client" dump "$one" "$two" "$nap" -f openmetrics >metrics.txt &&
		[ "$(grep -c "^grmon_up{target=\"[a-z]*-$$\",pid=\"[0-9]*\"} 1\$" metrics.txt)" -eq 3 ] &&
		grep -q "^grmon_tasks{target=\"$sleeper\",pid=\"$nap\",state=\"sleep\",class=\"timer\"} 1\$" metrics.txt
}
check 'metrics are those of each process, named as export names them' measured
held() {
	"$client" dump "$one" "$two" --holds -f json >dump.json &&
		ask "row pid=$one state=chan-send holds.list.#>0" "row pid=$two state=chan-send holds.list.#>0"
}
check 'what goroutines hold is read from each process' held

# A recording, while one process ends and another one starts.
start "$client" record name:$api "$nap" -o service -i 0.1
recorder=$last
grown() { [ "$(wc -l <service)" -ge "$1" ]; }
until_true grown 30
kill "$nap"
serve fixed
new=$last
says_new() { grep -q "{\"pid\": $new, \"new\": true" service; }
check 'a process that starts is recorded' until_true says_new
check 'and one that ends' until_true grep -q "\"gone_processes\": \[$nap\]" service
until_true grown 90
kill -INT "$recorder"
wait "$recorder"
check 'the recorder ends well' test $? -eq 0
"$client" dump service --at start -f json >dump.json
check 'the first sample has the processes of then' ask "in processes.* set pid = $one $two $nap" "row pid=$nap name=$sleeper"
"$client" dump service -f json >dump.json
check 'the last sample has those of its time' ask "in processes.* set pid = $one $two $new" "no pid=$nap" "row id=g1@$one" "row id=g1@$two"
check 'ids are those of one task each, also there' python3 "$beside/services_files_ids.py" dump.json "$one" "$two" "$new"

"$client" report service >report.txt
# Lines are wrapped to the width.
tr -s '\n ' ' ' <report.txt >flat.txt
"$client" report service -f json >report.json
reported() {
	grep -q " 3 processes at the end, 1 appeared, 1 ended\. - " flat.txt &&
		grep -q " - $sleeper $nap: [^;]*; ended after " flat.txt &&
		grep -q " - $api $new: [^;]*; appeared after " flat.txt
}
check 'the report says which processes appeared and ended' reported
spread() {
	grep -Eq "The tasks are in 2 of 3 processes: $api ($one|$two), $api ($one|$two)\." flat.txt &&
		ask_file report.json "in leaks.0.processes.* set pid = $one $two" "in processes.* row pid=$nap has ended_ns" \
			"in processes.* row pid=$new has appeared_ns"
}
check 'and in which of them a leak is' spread
"$client" diff service >diff.txt
"$client" diff service -f json >diff.json
compared() {
	grep -q "^processes 3\$" diff.txt && grep -q "^  $sleeper $nap ended: 1 task, " diff.txt &&
		grep -q "^  $api $new appeared: " diff.txt && grep -q ', [0-9]* in processes that appeared$' diff.txt &&
		ask_file diff.json "in processes.* row change=ended has a.pid=$nap b=null" \
			"in processes.* row change=same a.pid=$one has b.pid=$one"
}
check 'a comparison says which processes appeared and ended' compared
# The report and the comparison say the same numbers in the same words.
same_words() {
	count=$(ask_file report.json 'in leaks.* value live_tasks function=main.newProducer.func1')
	here=$(grep -o '^B .*' diff.txt | grep -o '[0-9]* tasks, [0-9]* stuck, [0-9]* long')
	from_to=$(sed -n 's/^- tasks: \([0-9]* to [0-9]*\).*/\1/p' report.txt)
	echo "leak $count, at the end $here, tasks $from_to"
	grep -Eq "^ +[0-9]+ +$count +\\+[0-9]+ grown +chan-send in main.newProducer.func1 " diff.txt &&
		[ -n "$here" ] && grep -q "At the end $here\." flat.txt &&
		[ -n "$from_to" ] && grep -q "^tasks $from_to, " diff.txt
}
check 'report and diff say the same' same_words
# The limit is broken from the first samples on, which decides.
limited() {
	"$client" check service --max-tasks 5 >check.txt
	[ $? -eq 1 ] && grep -q '^check: [0-9]* tasks, at most 5 allowed' check.txt &&
		grep -Eq "^  [0-9]+ x chan-send in main.newProducer.func1 .*, in 2 of 3 processes: $api" check.txt &&
		grep -Eq "^  1 x sleep .*: t$nap, .*, in $sleeper $nap\$" check.txt
}
check 'a limit is one over all, and the findings name the processes' limited
leaking() {
	"$client" check service --no-leak >check.txt
	[ $? -eq 1 ] && grep -q '^check: 1 leak$' check.txt && grep -q ", in 2 of 3 processes: $api" check.txt
}
check 'a leak of two processes is one' leaking

# Files that rotate begin with all processes, and a recorder that is started again continues.
"$client" record "$one" "$two" -o turns -i 0.02 --for 1 --rotate 100k --keep-files 30
whole() {
	[ -e turns.1 ] && for file in turns turns.1; do
		tail -n +2 "$file" | head -1 >first.json
		ask_file first.json "in processes.* set pid = $one $two" || return 1
	done
}
check 'each file of a recording that rotates has all processes' whole
"$client" record "$two" "$new" -o service -i 0.1 --for 0.3
"$client" dump service -f json >dump.json
check 'a recorder that continues a file has its own processes' ask "in processes.* set pid = $two $new" "no pid=$one"

# A process of another user: root's, read by the user nobody, who has one of his own.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	open=$(mktemp -d)
	cp "$client" "$open/" && chmod 755 "$open" "$open/grmon-c"
	as_nobody() { env XDG_CONFIG_HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	start env setpriv --reuid=65534 --regid=65534 --clear-groups sleep 600
	own=$last
	is_sleep() { [ "$(cat "/proc/$own/comm")" = sleep ]; }
	until_true is_sleep
	told() {
		as_nobody "$open/grmon-c" dump "$one" "$own" >"$open/out" &&
			grep -Eq "^ *$one +$api +process $one belongs to root" "$open/out" &&
			as_nobody "$open/grmon-c" dump "$one" "$own" -f json >dump.json &&
			ask "in processes.* row pid=$one has error^=process" "in processes.* row pid=$own has !error" \
				"count pid=$one = 1" "row pid=$one has waits_on.text*=belongs"
	}
	check 'a process that cannot be read is one row with the reason' told
	refused() {
		as_nobody "$open/grmon-c" check "$one" "$own" --for 1s 2>"$open/err"
		[ $? -eq 3 ] && grep -q "^grmon-c: $api $one was not checked: process $one belongs to root" "$open/err" &&
			grep -q '^grmon-c: 1 of 2 processes was not checked; use --allow-partial' "$open/err"
	}
	check 'a check does not pass without it' refused
	check 'unless --allow-partial is given' as_nobody "$open/grmon-c" check "$one" "$own" --for 1s --allow-partial
	# That it runs, or is stopped, is all that is known of it, in every sample.
	start sh -c 'while :; do :; done'
	busy=$last
	unread() {
		as_nobody "$open/grmon-c" check "$busy" "$own" --for 1s 2>"$open/err"
		[ $? -eq 3 ] && grep -q "^grmon-c: sh $busy was not checked: process $busy belongs to root" "$open/err"
	}
	check 'a check does not pass without a process that is always running' unread
	kill -STOP "$busy"
	check 'nor without one that is stopped' unread
	kill -9 "$busy"
	rm -rf "$open"
else
	for _ in 1 2 3 4 5; do ok 0 'a process of another user # SKIP there is no second user'; done
fi
