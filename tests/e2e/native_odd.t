#!/bin/sh
# SPDX-License-Identifier: MIT
# Targets that are hard to sample: thousands of threads and children that start and end, ids that are
# used again, a tracer, processes that the kernel hides, 32-bit code.
. "$(dirname "$0")/lib.sh"
need python3
plan 17

churn=$BUILD/tests/targets/churn
# run_target COMMAND...: runs it with a pipe as stdin; its pid is in $target.
run_target() {
	rm -f "$work/in"
	mkfifo "$work/in"
	: >"$work/out"
	"$@" <"$work/in" >"$work/out" 2>>"$work/log" &
	target=$!
	started="$started $target"
	exec 9>"$work/in"
	until_true grep -q . "$work/out"
}
end_target() {
	exec 9>&-
	wait "$target" 2>/dev/null
}
# on_recording QUESTION…: asks about samples of the recording.
on_recording() {
	python3 "$(dirname "$0")/samples.py" "$client" "$work/recording" >"$work/samples.json" &&
		ask_file "$work/samples.json" "$@"
}
recorded() {
	rm -f "$work/recording"
	"$client" record "$target" --source native -i 0.05 -o "$work/recording" "$@" 2>"$work/err"
}

run_target "$churn" threads
recorded --for 2s
ok $? "a target that starts a thousand threads a second is recorded" "$(cat "$work/err")"
check "every sample has the threads that stay, and never more than can exist" on_recording \
	'in samples.* count > 5 and in samples.* every has counts.tasks>=4 counts.tasks<=200'
check "threads that start and end have states as others do" on_recording \
	'in samples.*.tasks.* count state=sleep > 40'
check "no sample has errors" on_recording 'in samples.* no errors'
end_target

run_target "$churn" forks
recorded --for 1s
ok $? "a target that forks all the time is recorded" "$(cat "$work/err")"
check "a target that forks has one thread in every sample" on_recording \
	'in samples.* count > 5 and in samples.* every has counts.tasks=1'
end_target

aged() { "$client" dump "$work/recording" | grep -E 'io-read +>?[1-9]\.[0-9]s'; }
again() { [ "$(wc -l <"$work/out")" -ge 3 ]; }
# A thread ends. The next one with the same id, $tid, cannot have the age that was recorded for it.
reuse_an_id() {
	run_target "$churn" reuse
	echo a >&9
	until_true grep -q '^[1-9]' "$work/out"
	rm -f "$work/recording"
	"$client" record "$target" --source native -i 0.05 -o "$work/recording" 2>"$work/err" &
	recorder=$!
	started="$started $recorder"
	until_true aged
	echo b >&9
	until_true again
	tid=$(tail -1 "$work/out" | cut -d' ' -f1)
	[ "$(tail -1 "$work/out")" = "$tid $tid" ]
}
stop_reuse() {
	kill "$recorder"
	wait "$recorder"
	end_target
}
if [ "$(id -u)" -eq 0 ] && [ -w /proc/sys/kernel/ns_last_pid ]; then
	# Another process may have taken the id, so there are three attempts.
	reuse_an_id || { stop_reuse; reuse_an_id; } || { stop_reuse; reuse_an_id; }
	ok $? "an id is used again" "$(cat "$work/out")"
	slept() { "$client" dump "$work/recording" --filter "id:t$tid" | grep -qE ' sleep '; }
	until_true slept
	stop_reuse
	check "the new thread does not have the age of the old one" on_recording \
		"in samples.*.tasks.* row id=t$tid state=io-read age_ns>1e9 and in samples.*.tasks.* every id=t$tid state=sleep has age_ns<1e9"
else
	ok 0 "an id is used again # SKIP only root can choose ids"
	ok 0 "the new thread does not have the age of the old one # SKIP only root can choose ids"
fi

# A tracer stops the target, continues it, and stays attached.
start sleep 600
target=$last
rm -f "$work/in"
mkfifo "$work/in"
python3 "$beside/native_odd_tracer.py" "$target" <"$work/in" >"$work/out" 2>>"$work/log" &
started="$started $!"
exec 9>"$work/in"
until_true grep -q . "$work/out"
if grep -q denied "$work/out"; then
	ok 0 "a target that a tracer has stopped # SKIP it cannot be traced here"
	ok 0 "a target that is traced and runs # SKIP it cannot be traced here"
else
	dump "$target"
	check "a target that a tracer has stopped is shown as stopped" \
		ask 'has tasks.0.state=stopped errors.0*=tracer'
	echo >&9
	until_true grep -q running "$work/out"
	check "a target that is traced and runs is shown as usual" until_true sees "$target" 'has tasks.0.state=sleep !errors'
fi
exec 9>&-

# The user nobody watches a process of root, its own process that is not dumpable, and one that /proc
# hides.
as_nobody() { env HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
open=$(mktemp -d)
cp "$client" "$churn" "$open/" && chmod 755 "$open" "$open"/*
# what COMMAND: saves the JSON that it prints for questions.
what() { "$@" -f json >"$work/dump.json" 2>"$work/err"; }
blank='has tasks.0.state=unknown tasks.0.name resources.rss_bytes>0 resources.fds=null !tasks.0.stack'
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && as_nobody true 2>/dev/null; then
	what as_nobody "$open/grmon-c" dump "$target" --allow-partial
	check "a process of another user has partial rows, and the reason" \
		ask "$blank errors.0*='run grmon-c as that user or as root'"
	cat >"$work/hide.c" <<'C'
#include <sys/prctl.h>
#include <unistd.h>
int main(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? 1 : pause(); }
C
	"${CC:-cc}" -o "$open/hide" "$work/hide.c"
	chmod 755 "$open/hide"
	# A process that changes its user is not dumpable either, so the shell that starts it changes the user.
	as_nobody sh -c "$open/hide & echo \$! >&3; wait" 3>"$work/pid" >/dev/null 2>&1 &
	started="$started $!"
	until_true grep -q . "$work/pid"
	hidden=$(cat "$work/pid")
	started="$started $hidden"
	until_true as_nobody sh -c "! cat /proc/$hidden/syscall"
	what as_nobody "$open/grmon-c" dump "$hidden" --allow-partial
	check "a process that is not dumpable has partial rows for its own user" \
		ask "$blank errors.0*='lets only root'"
	what "$client" dump "$hidden"
	check "root gets complete rows of a process that is not dumpable" ask 'has tasks.0.state=signal-wait !errors'
	if unshare -m --propagation private sh -c 'mount -t proc -o hidepid=2 proc /proc' 2>/dev/null; then
		unshare -m --propagation private sh -c "
			mount -t proc -o hidepid=2 proc /proc
			exec env HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups \
				sh -c '$open/grmon-c dump $target; echo status=\$?; $open/grmon-c ls; sleep 60 & $open/grmon-c dump \$!; kill \$!'" \
			>"$work/out" 2>&1
		grep -q "there is no process $target" "$work/out" && grep -q 'status=3' "$work/out"
		ok $? "a process that /proc hides is not found" "$(cat "$work/out")"
		grep -qE ' t[0-9]+ +sleep ' "$work/out" && ! grep -q " $target " "$work/out"
		ok $? "processes of the same user are still shown" "$(cat "$work/out")"
	else
		ok 0 "a process that /proc hides is not found # SKIP there is no mount namespace"
		ok 0 "processes of the same user are still shown # SKIP there is no mount namespace"
	fi
else
	for name in 'a process of another user' 'a process that is not dumpable' 'the same for root' \
		'a process that /proc hides' 'processes of the same user'; do
		ok 0 "$name # SKIP only root can be two users"
	done
fi
rm -rf "$open"

# System calls have other numbers in 32-bit code.
printf '.globl _start\n_start:\n mov $29, %%eax\n int $0x80\n jmp _start\n' >"$work/small.s"
if as --32 -o "$work/small.o" "$work/small.s" 2>/dev/null &&
	ld -m elf_i386 -o "$work/small" "$work/small.o" 2>/dev/null && start "$work/small" &&
	kill -0 "$last" 2>/dev/null; then
	is_small() { grep -q small "/proc/$last/comm"; }
	until_true is_small
	dump "$last"
	check "a 32-bit program is reported, without a state" \
		ask 'has tasks.0.state=unknown errors.0*=32-bit'
	"$client" dump "$last" | grep -q _start
	ok $? "functions of a 32-bit program have their names"
else
	ok 0 "a 32-bit program # SKIP none can be built or run"
	ok 0 "functions of a 32-bit program # SKIP none can be built or run"
fi
