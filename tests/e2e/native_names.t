#!/bin/sh
# SPDX-License-Identifier: MIT
# Names of functions on a stack, and the states that follow from them: demangled names of C++ and
# Rust, inlined functions with file and line, a libc without its debug symbols, functions without a
# symbol, and the user's rules.
. "$(dirname "$0")/lib.sh"
need python3
unset DEBUGINFOD_URLS
plan 16

mkfifo "$work/in"
exec 9<>"$work/in"
# launch COMMAND…: starts a target that ends when its stdin is closed; its pid is in $target.
launch() {
	: >"$work/out"
	"$@" <"$work/in" >"$work/out" 2>"$work/log" 9>&- &
	target=$!
	started="$started $target"
	until_true grep -q '^ready' "$work/out"
}
# says QUESTION: asks about a new dump.
says() { dump "$target" -s native && ask "$1"; }
# Prints the beginning of a question about the thread that the target calls NAME.
the() { echo "row $(tid_of "$1") has"; }
tid_of() { awk -v name="$1" '$1 == "wait" && $2 == name { print "tid=" $3 }' "$work/out"; }
# states NAME=STATE…: succeeds if these threads have these states.
states() {
	dump "$target" -s native || return
	for pair; do
		ask "$(the "${pair%=*}") state=${pair#*=}" || return
	done
}
has_waits() { [ "$(grep -c '^wait ' "$work/out")" -gt 80 ]; }
until_says() { until_true says "$1"; }
land() {
	kill -9 "$target"
	wait "$target" 2>/dev/null
}

# With another build ID the debug symbols of the real libc are not found.
mkdir "$work/lib"
bare_libc() {
	python3 "$beside/native_names_libc.py" "$work/lib/libc.so.6"
}
if command -v readelf >/dev/null && bare_libc; then
	launch env LD_LIBRARY_PATH="$work/lib" "$BUILD/tests/targets/wrap_waits"
	until_true has_waits
	check 'without symbols of libc, semaphore, condition, barrier and join have their states' until_true states \
		sem_wait=semaphore sem_clockwait=semaphore cond_wait=cond cnd_timedwait=cond barrier=barrier clockjoin=join
	check 'functions of libc are shown as its name and an offset' says "$(the sem_wait) stack.*.function^=libc.so.6+0x"
	check 'a function whose frame a tail call has replaced is shown' says "$(the sem_wait) stack.*.function=sem_wait"
	called_by() {
		[ "$(ask "value stack.*.function $(tid_of sem_wait)" | grep -m1 -A1 -x sem_wait | xargs)" = 'sem_wait wait_sem_wait' ]
	}
	check 'that function is next to the function that called it' called_by
	land
else
	for _ in 1 2 3 4; do ok 0 "a libc without symbols # SKIP readelf is not installed"; done
fi

launch "$BUILD/tests/targets/wrap_waits"
until_true has_waits
check 'names do not contain the version of their symbol' until_says \
	"$(the sem_wait) stack.*.function=sem_wait and in tasks.*.stack.* no function*=@"
land

strip -o "$work/stripped" "$BUILD/tests/targets/kind_fds"
launch "$work/stripped"
offset() {
	says "$(the epoll) stack.*.function^=stripped+0x" || return 1
	address=$(sed -n 's/.*"stripped+\(0x[0-9a-f]*\)".*/\1/p' "$work/dump.json" | head -1)
	addr2line -f -e "$BUILD/tests/targets/kind_fds" "$address" | grep -v '^??'
}
check 'a function without a symbol is shown as module and offset, which addr2line accepts' offset
mkdir -p "$work/config/grmon-c"
rule() { echo "{\"stack_rules\": [{\"function\": \"$1\", \"state\": \"$2\"}]}" >"$work/config/grmon-c/config.json"; }
rule epoll_wait chan-recv
check "the user's rule turns a poll into a receive, of class channel" \
	says "$(the epoll) state=chan-recv class=channel"
rm "$work/config/grmon-c/config.json"
land

launch "$BUILD/tests/targets/wrap_cxx"
check 'C++ functions have their demangled names' until_says \
	'in tasks.*.stack.* row function^=std::condition_variable::wait(std::unique_lock<std::mutex>&)'
inlined() {
	says 'in tasks.*.stack.* row inlined? function^=std:: file^=/ line>0'
}
check 'inlined functions are shown with file and line' inlined
own_line() {
	says 'in tasks.*.stack.* row file$=/wrap_cxx.cc function=operator() line>0'
}
check 'a lambda has its line' own_line
check 'latch, barrier, semaphore and future are distinguished from other futexes' until_true says \
	'set state >= waitgroup barrier semaphore cond'
land

if command -v rustc >/dev/null 2>&1; then
	rustc -C opt-level=3 -C debuginfo=1 -o "$work/rust" tests/targets/wrap_rust.rs 2>"$work/rustc"
	launch "$work/rust"
	check 'waits of Rust have their states' until_true states \
		Mutex=mutex RwLock=rwlock-read Condvar=cond mpsc=chan-recv park=cond Barrier=barrier sleep=sleep join=join
	check 'functions of Rust have their demangled names' says \
		"in tasks.*.stack.* no function~='(_R|_ZN).*' and $(the park) stack.*.function~='std::thread::.*::park'"
	check 'functions that are inlined into a closure are shown' says \
		"in stack.* of $(tid_of Mutex) : row inlined? function*=Mutex function*=::lock file\$=.rs"
	land
	rustc -C opt-level=3 -C strip=debuginfo -o "$work/rust" tests/targets/wrap_rust.rs 2>"$work/rustc"
	launch "$work/rust"
	check 'without debug information locks, park, barrier and join have their states' until_true states \
		Mutex=mutex RwLock=rwlock-read Condvar=cond park=cond Barrier=barrier sleep=sleep join=join
	check 'without debug information a receive of mpsc has its state' until_says "$(the mpsc) state=chan-recv"
	land
else
	for _ in 1 2 3 4 5; do ok 0 'Rust # SKIP rustc is not installed'; done
fi
