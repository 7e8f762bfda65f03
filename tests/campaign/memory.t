#!/bin/sh
# SPDX-License-Identifier: MIT
# The client's memory stays constant: as many samples as in an hour at 1 Hz (POLLS, 3600), up to
# twenty a second, by the real view in a terminal, with its groups and a mark. The targets are 10,000
# threads of which one works, and a thousand thread starts a second, both with and without the agent,
# and a Go program whose goroutines start and end.
. "$(dirname "$0")/../tui/lib.sh"
polls=${POLLS:-3600}
interval=0.05
most_mb=80

until_ready() { until_true grep -qE 'ready|started' "$work/out" || echo "# the target does not start"; }
rss_kb() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; }
# watch NAME [OPTION...]: runs the view of $target for as long as the samples take.
watch() {
	name=$1
	shift
	# shellcheck disable=SC2086
	view "--interval $interval $* $target"
	pid=$(view_pid)
	press m
	wait_for 'mark 1'
	press g
	wait_for 'COUNT +CHANGE'
	is_watching() { sees "pid $target " && [ -n "$pid" ]; }
	is_watching
	ok $? "$name: the view has a mark and shows groups"
	: >"$work/rss"
	seconds=$(awk -v n="$polls" -v i="$interval" 'BEGIN {print int(n * i)}')
	i=0
	while [ $i -lt "$seconds" ] && rss_kb "$pid" >>"$work/rss" 2>/dev/null; do
		i=$((i + 1))
		sleep 1
	done
	took=$(screen | grep -oE 'poll [0-9.]+[mµ]?s' | head -1)
	[ $i -eq "$seconds" ] && kill -0 "$target" && sees 'every 50ms'
	ok $? "$name: the target was watched for $i s, ${took:-poll time not shown}"
	# The last quarter needs no more than the second one, apart from the allocator's rounding.
	awk '{v[NR] = $1} END {
		for (i = 1; i <= NR; i++) {
			if (i > NR / 4 && i <= NR / 2 && v[i] > early) early = v[i]
			if (i > 3 * NR / 4 && v[i] > late) late = v[i]
		}
		printf "# %d samples, %.1f MB first, %.1f MB at most in the second quarter, %.1f MB in the last\n",
			NR, v[1] / 1024, early / 1024, late / 1024
		exit !(late <= early * 1.02 + 512)
	}' "$work/rss"
	ok $? "$name: the memory stays constant"
	peak=$(awk '/^VmHWM/ {print int($2 / 1024)}' "/proc/$pid/status")
	[ "$peak" -le $most_mb ]
	ok $? "$name: the peak of $peak MB is within $most_mb"
	kill "$pid"
	wait_for 'status='
}
# target COMMAND...: starts it with a pipe as stdin.
target() {
	[ -p "$work/hold" ] || mkfifo "$work/hold"
	: >"$work/out"
	"$@" <"$work/hold" >"$work/out" 2>&1 &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_ready
}
end_target() {
	exec 9>&-
	kill "$target" 2>/dev/null
	wait "$target" 2>/dev/null
}

open_shell 160 45
target "$BUILD/tests/targets/many_threads" 10000 busy
watch '10,000 threads, one works' --source native
end_target
target env LD_PRELOAD="$agent" "$BUILD/tests/targets/many_threads" 10000 busy
watch '10,000 threads with the agent' --source agent
end_target
target "$BUILD/tests/targets/churn" threads
watch 'threads that start and end' --source native
end_target
target env LD_PRELOAD="$agent" "$BUILD/tests/targets/churn" threads
watch 'threads that start and end, with the agent' --source agent
end_target
if command -v go >/dev/null 2>&1 &&
	GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/churn" "$(dirname "$0")/../targets/go/churn.go" 2>"$work/build.log"; then
	target "$work/churn"
	watch 'goroutines that start and end' --source goruntime
	end_target
fi
plan $tests
