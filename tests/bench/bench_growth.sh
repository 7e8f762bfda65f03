#!/bin/sh
# SPDX-License-Identifier: MIT
# How the cost of each step grows with the tasks: 1,000 to 1,000,000, or as many threads as the machine allows. Each
# step's cost of a task is compared with that of the number before; 1 is linear, and a quarter more is allowed,
# because caches hold ever less of it. Needs go for looks at goroutines and proofs.
# Usage: MOST=1000000 bench_growth.sh [group | sort | record | poll | look | proof]…
. "$(dirname "$0")/lib.sh"
most=${MOST:-1000000}
[ $# -gt 0 ] || set -- group sort record poll look proof
pid=
stop() {
	exec 3>&-
	[ -z "$pid" ] || { kill -9 "$pid"; wait "$pid"; } 2>/dev/null
	pid=
}
finish() { stop; }
# begin COMMAND…: starts what is looked at, with its pid in $pid.
begin() {
	rm -f "$work/input"
	mkfifo "$work/input"
	exec 3<>"$work/input"
	: >"$work/ready"
	"$@" <"$work/input" >"$work/ready" 2>&1 3>&- &
	pid=$!
	until grep -qE '^(ready|listen)' "$work/ready"; do
		kill -0 "$pid" 2>/dev/null || { echo "cannot start it: $(tail -1 "$work/ready")"; pid=; return 1; }
		sleep 0.1
	done
	sleep 1
}
commas() { echo "$1" | sed -E ':again; s/([0-9])([0-9]{3})($|,)/\1,\2\3/; t again'; }
# step WHAT TASKS: prints the rows of the milliseconds in $work/costs.
step() {
	"$BUILD/tests/bench/interval" - <"$work/costs" >"$work/interval" || { echo "$1 of $2 tasks failed"; return 1; }
	read -r median low high _ <"$work/interval"
	figure "$1: $(commas "$2") tasks" "$median" ms - "$low-$high"
	[ ! -e "$work/$1.before" ] || awk -v what="$1" -v m="$median" -v l="$low" -v h="$high" -v n="$2" \
		-v name="$(commas "$2")" -v before="$(commas "$(cut -d' ' -f1 "$work/$1.before")")" '{
		scale = n / $1
		if ($2 > 0 && $3 > 0 && $4 > 0)
			printf "%s: cost of a task, at %s against %s\t%.2f\tx\t<=1.25\t%.2f-%.2f\n", what, name,
				before, m / $2 / scale, l / $4 / scale, h / $3 / scale }' "$work/$1.before"
	echo "$2 $median $low $high" >"$work/$1.before"
}
numbers() { for number in 1000 10000 100000 1000000; do [ $number -gt "$1" ] || echo $number; done; }
turns_of() { echo $((1000000 / $1 < 9 ? 5 : 1000000 / $1 > 101 ? 101 : 1000000 / $1)); }

synthetic() {
	for tasks in $(numbers "$most"); do
		"$BUILD/tests/bench/growth" "$1" "$tasks" "$(turns_of "$tasks")" >"$work/costs"
		step "$1" "$tasks"
	done
}
grow_group() { synthetic group; }
grow_sort() { synthetic sort; }
grow_record() { synthetic record; }
# Half of what the machine can have at once, because others live here too.
grow_poll() {
	allowed=$(cat /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max | sort -n | head -1)
	allowed=$((allowed / 2))
	for tasks in $({ numbers "$most"; echo $allowed; } | sort -n); do
		if [ "$tasks" -gt $allowed ]; then
			echo "poll: this machine allows $((2 * allowed)) threads (pid_max, threads-max); half of them are the most here"
			return
		fi
		begin env LD_PRELOAD="$BUILD/libgrmon.so" "$BUILD/tests/targets/many_threads" "$tasks" || return
		looks 60 20 agent
		step poll "$tasks"
		stop
	done
}
# looks LOOKS INTERVAL SOURCE: five medians of the processor's milliseconds of a look.
looks() {
	for _ in 1 2 3 4 5; do "$BUILD/tests/bench/samples" "$pid" "$@" | cut -d' ' -f8; done >"$work/costs"
}
built() {
	command -v go >/dev/null 2>&1 || { echo "$1: there is no go"; return 1; }
	[ -x "$work/$1" ] || GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/$1" "$beside/../targets/go/$1.go" ||
		return 1
}
grow_look() {
	built many || return
	for tasks in $(numbers "$most"); do
		begin "$work/many" "$tasks" || return
		looks 10 50 goruntime
		step look "$tasks"
		stop
	done
}
grow_proof() {
	built heap || return
	for tasks in $(numbers "$most"); do
		begin "$work/heap" "$tasks" 10 || return
		for _ in 1 2 3; do "$BUILD/tests/bench/go_proofs" "$pid" 1 | cut -d' ' -f1; done >"$work/costs"
		step proof "$tasks"
		stop
	done
}
for what; do "grow_$what"; done
