#!/bin/sh
# SPDX-License-Identifier: MIT
# What functions on a stack are called and what they say about a wait: C++ and Rust by their
# real names, inlined ones with file and line, a libc without its debug symbols, functions
# without any symbol, and rules of the user.
. "$(dirname "$0")/lib.sh"
need python3
unset DEBUGINFOD_URLS
plan 16

mkfifo "$work/in"
exec 9<>"$work/in"
# launch COMMAND…: a target that ends with its stdin; its pid in $target.
launch() {
	: >"$work/out"
	"$@" <"$work/in" >"$work/out" 2>"$work/log" 9>&- &
	target=$!
	started="$started $target"
	until_true grep -q '^ready' "$work/out"
}
# says EXPRESSION: `at` are the tasks by the name that the target printed, `fns` the functions
# of a task.
says() {
	dump "$target" -s native && query "(lambda at, fns: $1)({l.split()[1]: {t['tid']: t for t in tasks}.get(int(l.split()[2])) for l in open('$work/out') if l.startswith('wait ')}, lambda t: [f['function'] or '' for f in t['stack']])"
}
until_says() { until_true says "$1"; }
land() {
	kill -9 "$target"
	wait "$target" 2>/dev/null
}

# Another build id: the debug symbols of the real one are not found.
mkdir "$work/lib"
bare_libc() {
	python3 - "$work/lib/libc.so.6" <<'PY'
import ctypes.util, re, subprocess, sys
path = [l.split()[-1] for l in open("/proc/self/maps") if re.search(r"/libc\.so\.6$|/libc-2", l)][0]
data = open(path, "rb").read()
notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
own = bytes.fromhex(re.search(r"Build ID: (\w+)", notes).group(1))
open(sys.argv[1], "wb").write(data.replace(own, bytes(len(own))))
PY
}
if command -v readelf >/dev/null && bare_libc; then
	launch env LD_LIBRARY_PATH="$work/lib" "$BUILD/tests/targets/wrap_waits"
	until_says "len(at) > 80"
	check 'without symbols of libc: semaphore, condition, barrier, join have their states' until_says \
		"[at[n]['state'] for n in ('sem_wait', 'sem_clockwait', 'cond_wait', 'cnd_timedwait', 'barrier', 'clockjoin')] == ['semaphore', 'semaphore', 'cond', 'cond', 'barrier', 'join']"
	check 'functions of libc have its name and an offset' says "[f for f in fns(at['sem_wait']) if f.startswith('libc.so.6+0x')]"
	check 'the function that a tail call left without a frame is shown' says "'sem_wait' in fns(at['sem_wait'])"
	check 'it is below the function that called it' says "fns(at['sem_wait']).index('sem_wait') + 1 == fns(at['sem_wait']).index('wait_sem_wait')"
	land
else
	for _ in 1 2 3 4; do ok 0 "# SKIP readelf is not installed"; done
fi

launch "$BUILD/tests/targets/wrap_waits"
until_says "len(at) > 80"
check 'names are without the version of their symbol' until_says \
	"'sem_wait' in fns(at['sem_wait']) and not [f for t in tasks for f in fns(t) if '@' in f]"
land

strip -o "$work/stripped" "$BUILD/tests/targets/kind_fds"
launch "$work/stripped"
offset() {
	says "[f for f in fns(at['epoll']) if f.startswith('stripped+0x')]" || return 1
	address=$(sed -n 's/.*"stripped+\(0x[0-9a-f]*\)".*/\1/p' "$work/dump.json" | head -1)
	addr2line -f -e "$BUILD/tests/targets/kind_fds" "$address" | grep -v '^??'
}
check 'a function without a symbol shows module and offset, which addr2line takes' offset
mkdir -p "$work/config/grmon-c"
rule() { echo "{\"stack_rules\": [{\"function\": \"$1\", \"state\": \"$2\"}]}" >"$work/config/grmon-c/config.json"; }
rule epoll_wait chan-recv
check "a rule of the user's turns a poll into a receive, of class channel" \
	says "(at['epoll']['state'], at['epoll']['class']) == ('chan-recv', 'channel')"
rm "$work/config/grmon-c/config.json"
land

launch "$BUILD/tests/targets/wrap_cxx"
check 'C++ functions have their names' until_says \
	"[f for t in tasks for f in fns(t) if f.startswith('std::condition_variable::wait(std::unique_lock<std::mutex>&)')]"
inlined() {
	says "[f for t in tasks for f in t['stack'] if f.get('inlined') and f['function'].startswith('std::') and f['file'].startswith('/') and f['line'] > 0]"
}
check 'inlined functions are shown with file and line' inlined
own_line() {
	says "[f for t in tasks for f in t['stack'] if (f['file'] or '').endswith('/wrap_cxx.cc') and f['function'] == 'operator()' and f['line'] > 0]"
}
check 'a lambda has its line' own_line
check 'latch, barrier, semaphore and future are told from other futexes' until_true says \
	"{'waitgroup', 'barrier', 'semaphore', 'cond'} <= {t['state'] for t in tasks}"
land

if command -v rustc >/dev/null 2>&1; then
	rustc -C opt-level=3 -C debuginfo=1 -o "$work/rust" tests/targets/wrap_rust.rs 2>"$work/rustc"
	launch "$work/rust"
	check 'waits of Rust have their states' until_says \
		"[at[n]['state'] for n in ('Mutex', 'RwLock', 'Condvar', 'mpsc', 'park', 'Barrier', 'sleep', 'join')] == ['mutex', 'rwlock-read', 'cond', 'chan-recv', 'cond', 'barrier', 'sleep', 'join']"
	check 'its functions have their names' says \
		"not [f for t in tasks for f in fns(t) if f.startswith(('_R', '_ZN'))] and [f for f in fns(at['park']) if f.startswith('std::thread::') and f.endswith('::park')]"
	check 'what is inlined into a closure is shown' says \
		"[f for f in at['Mutex']['stack'] if f.get('inlined') and 'Mutex' in f['function'] and '::lock' in f['function'] and f['file'].endswith('.rs')]"
	land
	rustc -C opt-level=3 -C strip=debuginfo -o "$work/rust" tests/targets/wrap_rust.rs 2>"$work/rustc"
	launch "$work/rust"
	check 'without debug information: locks, park, barrier, join' until_says \
		"[at[n]['state'] for n in ('Mutex', 'RwLock', 'Condvar', 'park', 'Barrier', 'sleep', 'join')] == ['mutex', 'rwlock-read', 'cond', 'cond', 'barrier', 'sleep', 'join']"
	check 'without debug information: a receive of mpsc' until_says "at['mpsc']['state'] == 'chan-recv'"
	land
else
	for _ in 1 2 3 4 5; do ok 0 '# SKIP rustc is not installed'; done
fi
