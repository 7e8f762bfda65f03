#!/bin/sh
# SPDX-License-Identifier: MIT
# Python where it is not as usual: threads that begin, run and end while they are read at 50 Hz, several
# interpreters, a program in C that embeds Python, forked processes, the agent, and what is refused.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((6 * $(wc -l <"$work/pythons") + 2))
targets=$beside/../targets/python

several() {
	sees "$target" 'row name=MainThread has state=sleep stack.0.function=outside and row name=one has state=sleep stack.0.function=inside_one stack.2.function=call_one and row name=two has state=cond and row name=of-two has state=cond and count stack.*.function=inside_two = 1 and count tid = 4'
}
leftover() {
	sees "$parent" 'row stack.0.function=called has state=sleep' &&
		sees "$child" 'no stack.*.function=called and count tid = 2 and has errors.#=0'
}
simple() {
	sees "$target" 'row name=plain has state=chan-recv waits_on.text^="SimpleQueue 0x" and row name=limited has state=chan-recv waits_on.text^="SimpleQueue 0x"' &&
		one=$(ask 'value waits_on.address name=plain') && ask "row name=limited has waits_on.address=$one"
}
embedded() { sees "$target" 'row name=MainThread has state=cond stack.2.function=hosted and row stack.0.function=called and count stack.*.function=of_c = 1'; }
child() { pid=$(pgrep -P "$target" | head -n 1) && sees "$pid" 'row name=in-child has state=cond and row name=MainThread has state=sleep stack.0.function=work'; }

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	begin_target "$python" "$targets/churn.py"
	rm -f "$work/churn"
	"$client" record "$target" -i 0.02 --for 3s -o "$work/churn" 2>"$work/recorder"
	check "$version: no row is wrong while threads begin, run and end" "$beside/python_churn_judge.py" "$client" "$work/churn"
	end_target
	begin_target "$python" "$targets/interpreters.py"
	check "$version: several interpreters in one process: each thread has its own stack, across them" until_true several
	end_target
	begin_target "$python" -c '
import os, threading, time
def work():
    time.sleep(3000)
if os.fork() == 0:
    threading.Thread(target=threading.Event().wait, name="in-child", daemon=True).start()
    work()
print("ready", flush=True)
os.wait()'
	check "$version: the threads of a forked process" until_true child
	kill -9 "$(pgrep -P "$target" | head -n 1)"
	end_target
	begin_target "$python" -c '
import queue, threading, time
made = queue.SimpleQueue()
threading.Thread(target=made.get, name="direct", daemon=True).start()
threading.Thread(target=lambda: made.get(timeout=3000), name="limited", daemon=True).start()
threading.Thread(target=lambda: made.get(), name="plain", daemon=True).start()
print("ready", flush=True)
time.sleep(3000)'
	check "$version: a queue.SimpleQueue, which is written in C" until_true simple
	end_target
	folder=$(dirname "$python")/..
	minor=${version%.*}
	if [ -x "$folder/bin/python$minor-config" ] && [ -e "$folder/lib/libpython$minor.so" ]; then
		# The words of a compiler's options are meant to be split.
		# shellcheck disable=SC2046
		${CC:-cc} -o "$work/host" "$targets/host.c" $("$folder/bin/python$minor-config" --includes) \
			-L"$folder/lib" -l"python$minor" -Wl,-rpath,"$folder/lib" -pthread >"$work/build.log" 2>&1
		begin_target "$work/host"
		check "$version: a program in C that embeds it" until_true embedded
		end_target
		begin_target "$work/host" fork
		parent=$target
		child=$(sed -n 's/^ready //p' "$work/log")
		# Up to 3.10 the interpreter does not keep the kernel's ids.
		case $version in
		3.8.* | 3.9.* | 3.10.*) ok 0 "$version: a thread on the stack of one that a fork left behind # SKIP it looks the same" ;;
		*) check "$version: a thread on the stack of one that a fork left behind" until_true leftover ;;
		esac
		kill -9 "$child"
		target=$parent
		end_target
	else
		ok 0 "$version: a program in C that embeds it # SKIP it has no libpython"
		ok 0 "$version: a thread on the stack of one that a fork left behind # SKIP it has no libpython"
	fi
done <"$work/pythons"

begin_target env LD_PRELOAD="$agent" "$(head -n 1 "$work/pythons")" "$targets/waits.py" "$work/frames"
with_agent() {
	sees "$target" 'row name=w_put has state=chan-send waits_on.text="queue cap 1, len 1" age_exact' &&
		keeper=$(ask 'value id name=keeper') && ask "row name=w_lock has waits_on.owner=$keeper"
}
check 'the agent knows the ages, and the interpreter what the threads wait for' until_true with_agent
kill "$target"
wait "$target" 2>/dev/null
old=$(ls -d "$(pyenv root 2>/dev/null)"/versions/3.7.*/bin/python3 2>/dev/null | head -n 1)
if [ -n "$old" ]; then
	begin_target "$old" -c 'import time
print("ready", flush=True)
time.sleep(3000)'
	refused() { sees "$target" 'row state=sleep and has errors.*~=".*runs CPython 3.7, and only 3.8 to 3.15 are read.*"'; }
	check 'an older Python is refused with a note, and its threads are shown' until_true refused
	end_target
else
	ok 0 'an older Python is refused # SKIP there is none'
fi
