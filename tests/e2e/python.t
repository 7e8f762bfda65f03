#!/bin/sh
# SPDX-License-Identifier: MIT
# python3 with threads in every wait that its standard library offers, with and without the
# agent: the program's own work is right and the rows say what each thread waits for.
. "$(dirname "$0")/lib.sh"
need python3
plan 7

cat >"$work/program.py" <<'PY'
import os, queue, signal, socket, subprocess, sys, threading, time
lock = threading.Lock()
lock.acquire()
done = threading.Event()
box = queue.Queue()
a, b = socket.socketpair()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
child = subprocess.Popen(["sleep", "600"])
def named(name, call):
    def body():
        with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as f:
            f.write(name)
        call()
    threading.Thread(target=body, daemon=True).start()
named("w-lock", lock.acquire)
named("w-event", lambda: done.wait(600))
named("w-queue", box.get)
named("w-recv", lambda: a.recv(1))
named("w-accept", listener.accept)
named("w-sleep", lambda: time.sleep(600))
named("w-child", child.wait)
total = sum(i * i for i in range(200000))
print("ready", total, flush=True)
def stop(*_):
    child.kill()
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
while True:
    signal.pause()
PY
expected='row name=w-recv has state=io-read and row name=w-accept has state=accept and row name=w-sleep has state=sleep and row name=w-child has state=wait-child'

for preload in '' "$agent"; do
	: >"$work/log"
	start env LD_PRELOAD="$preload" python3 "$work/program.py"
	pid=$last
	with=${preload:+with the agent}
	with=${with:-without the agent}
	check "the program computes, $with" until_true grep -qx 'ready 2666646666700000' "$work/log"
	check "what its threads wait for, $with" until_true sees "$pid" "$expected"
	check "every state fits the system call, $with" \
		until_true "$(dirname "$0")/syscall_truth.py" "$client" "$pid" 8
done
check 'locks, events and queues have a state of class lock and an address' until_true sees "$pid" \
	'count name~=w-(lock|event|queue) class=lock waits_on.address = 3'
