#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of a living Go program that does not proceed while it is read: it is stopped, frozen or
# starved, or its goroutines are not preempted. A goroutine that only a register of a running one can
# wake is never accused. Leaked ones are proven, or a message says why nothing can be proven. PROOFS
# (1000) can be set; they are divided among the ways.
. "$(dirname "$0")/../e2e/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off
go build -ldflags '-s -w' -o "$work/register" "$(dirname "$0")/../targets/go/register.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
each=$((${PROOFS:-1200} / 6))

launch() {	# launch COMMAND…: its pid is in $last
	"$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out"
}
stop() {
	kill -CONT "$last"
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# prove NAME OPTION…: takes one proof and counts its results.
prove() {
	"$client" dump "$last" -s goruntime --prove -f json "$@" >"$work/dump.json" 2>"$work/why"
	ask 'value proof.state' 'count proven name=main.leaked' 'count proven name!=main.leaked' | xargs >>"$work/counts"
}
begin() {
	: >"$work/counts"
	proofs=0
	end_s=$(($(date +%s) + ${LIMIT:-180}))
}
more() {
	proofs=$((proofs + 1))
	[ $proofs -le $each ] && [ "$(date +%s)" -lt "$end_s" ]
}
end() {	# end NAME AT-LEAST: this percentage of the proofs must have completed
	awk -v name="$1" -v least="$2" '
		{ n++; if ($1 == "done") done++; leaked += $2; accused += $3 }
		END { printf "%s: %d proofs, %d completed and found %d leaked, %d living accused\n", name, n, done, leaked, accused
			exit !(n > 0 && accused == 0 && done * 100 >= n * least && (done == 0 || leaked >= done * 18)) }' "$work/counts" >"$work/said"
	ok $? "$(cat "$work/said")" "$(cat "$work/why")"
}

launch "$work/register" 4 20
begin
while more; do
	kill -STOP "$last"
	prove
	kill -CONT "$last"
	sleep 0.0$((proofs % 7))
done
end stopped 0
begin
while more; do
	kill -STOP "$last"
	prove --ptrace
	kill -CONT "$last"
	sleep 0.0$((proofs % 7))
done
end 'stopped, with --ptrace' 90
stop

freeze() {
	if [ -f "$cgroup/freezer.state" ]; then
		echo "$1" >"$cgroup/freezer.state"
	else
		[ "$1" = FROZEN ] && echo 1 >"$cgroup/cgroup.freeze" || echo 0 >"$cgroup/cgroup.freeze"
	fi
}
cgroup=
for root in /sys/fs/cgroup/freezer /sys/fs/cgroup /sys/fs/cgroup/unified; do
	mkdir "$root/grmon-c-$$" 2>/dev/null || continue
	cgroup=$root/grmon-c-$$
	[ -f "$cgroup/freezer.state" ] || [ -f "$cgroup/cgroup.freeze" ] && break
	rmdir "$cgroup"
	cgroup=
done
if [ -n "$cgroup" ]; then
	launch "$work/register" 4 20
	echo "$last" >"$cgroup/cgroup.procs"
	begin
	while more; do
		freeze FROZEN
		prove
		freeze THAWED
		sleep 0.0$((proofs % 7))
	done
	end frozen 0
	stop
	until_true rmdir "$cgroup"
else
	ok 0 'frozen # SKIP no cgroup can be made here'
fi

load=
for _ in $(seq "$(nproc)") extra; do
	sh -c 'while :; do :; done' &
	load="$load $!"
	started="$started $!"
done
launch nice -n 19 "$work/register" 4 20
begin
while more; do prove; done
end 'nice 19 beside load' 0
stop
kill $load

launch env GODEBUG=asyncpreemptoff=1 "$work/register" 4 20
begin
while more; do prove; done
end 'without preemption' 10
stop
launch env GODEBUG=asyncpreemptoff=1 "$work/register" 1 20 0
begin
each=3
while more; do prove; done
end 'without preemption, working for ever' 0
stop
launch "$work/register" 1 20 0
begin
each=100
while more; do prove; done
end 'working for ever' 90
stop
plan $tests
