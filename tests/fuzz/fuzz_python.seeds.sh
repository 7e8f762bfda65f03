#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the program that fuzz_python reads next to the folder that is its argument, with threads in many
# kinds of waits, and makes seeds in the folder.
set -eu
out=$(cd "$1" && pwd)
i=0
while [ $i -lt 32 ]; do
	i=$((i + 1))
	# Ways, then a few false words: how they are changed, and to what.
	printf "$(printf '\\%03o' $((i % 8)))"'\001\000\000\000\000\200\020\000\003\001\100\200\000\001\005\077\001\001\006\010' >"$out/ways$i"
done
command -v python3 >/dev/null 2>&1 || exit 0
target=$out/../fuzz_python.target
printf '#!%s\n' "$(command -v python3)" >"$target"
cat >>"$target" <<'END'
import concurrent.futures, queue, threading, time
lock, owned, full, event = threading.Lock(), threading.RLock(), queue.Queue(1), threading.Event()
barrier, semaphore = threading.Barrier(3), threading.Semaphore(0)
full.put(1)
def keep():
    with lock, owned:
        time.sleep(100000)
def take():
    with lock:
        pass
def deep(n):
    return deep(n - 1) if n else event.wait()
def numbers():
    yield 1
    event.wait()
class Name:
    def __init__(self):
        self.lock = lock
    def wait(self):
        self.lock.acquire()
keeper = threading.Thread(target=keep, name="keeper", daemon=True)
keeper.start()
time.sleep(0.2)
pool = concurrent.futures.ThreadPoolExecutor(3)
future = pool.submit(event.wait)
for function in (take, owned.acquire, queue.Queue().get, lambda: full.put(2), lambda: deep(20), barrier.wait,
                 semaphore.acquire, keeper.join, Name().wait, lambda: list(numbers()), future.result, event.wait):
    threading.Thread(target=function, daemon=True).start()
time.sleep(0.5)
print("ready", flush=True)
time.sleep(100000)
END
chmod +x "$target"
