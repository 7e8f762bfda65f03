# SPDX-License-Identifier: MIT
"""Starts the programs and the client and measures the times, for bench_attach.sh."""
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

ROUNDS = 9
ROWS, COLUMNS = 50, 200
LIMIT_S = 5
build = sys.argv[1]
client = build + "/grmon-c"
work = tempfile.mkdtemp()
# Each task has its row: alike ones would be one.
os.mkdir(work + "/grmon-c")
with open(work + "/grmon-c/config.json", "w") as file:
    file.write('{"fold": "never"}')
environment = {**os.environ, "XDG_CONFIG_HOME": work, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

RUST = """
use std::io::Read;
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::{thread, time::Duration};
fn wait_mutex(m: Arc<Mutex<u32>>) { drop(m.lock()); }
fn wait_cond(c: Arc<(Mutex<bool>, Condvar)>) { let mut g = c.0.lock().unwrap(); while !*g { g = c.1.wait(g).unwrap(); } }
fn wait_recv(r: mpsc::Receiver<u32>) { drop(r.recv()); }
fn wait_sleep() { loop { thread::sleep(Duration::from_secs(3600)); } }
fn main() {
    let count: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    let m = Arc::new(Mutex::new(0));
    let c = Arc::new((Mutex::new(false), Condvar::new()));
    let started = Arc::new(Barrier::new(count as usize + 1));
    let held = m.lock().unwrap();
    let mut keep = Vec::new();
    for i in 0..count {
        let (m, c, b) = (m.clone(), c.clone(), started.clone());
        let (s, r) = mpsc::channel();
        keep.push(s);
        thread::spawn(move || { b.wait(); match i % 4 { 0 => wait_mutex(m), 1 => wait_cond(c), 2 => wait_recv(r), _ => wait_sleep() } });
    }
    started.wait();
    println!("ready");
    let _ = std::io::stdin().read(&mut [0u8; 1]);
    drop(held);
    std::process::exit(0);
}
"""


def targets():
    """(name, command, pattern of its functions) of programs with debug information"""
    yield "many_threads", [build + "/tests/targets/many_threads", "200"], rb"wait_(mutex|cond|read|sleep)"
    yield "stack_shapes", [build + "/tests/targets/stack_shapes", "200"], rb"recurse|sem_wait|wait_[a-z]+"
    if shutil.which("rustc"):
        with open(work + "/waits.rs", "w") as file:
            file.write(RUST)
        done = subprocess.run(["rustc", "-g", "-C", "debuginfo=2", "-o", work + "/waits", work + "/waits.rs"],
                              capture_output=True, check=False)
        if done.returncode == 0:
            yield "a Rust program", [work + "/waits", "200"], rb"wait_(mutex|cond|recv|sleep)"


def dump_ms(pid):
    begin = time.monotonic()
    text = subprocess.run([client, "dump", str(pid), "-f", "json"], env=environment, capture_output=True,
                          check=True).stdout
    took = (time.monotonic() - begin) * 1000
    tasks = json.loads(text)["tasks"]
    return took, sum(bool(t.get("stack")) for t in tasks), len(tasks)


def view_ms(pid, function):
    """The time until as many rows as fit show their function. The client is then ended."""
    begin = time.monotonic()
    child, master = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execve(client, [client, str(pid)], environment)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen = b""
    took = None
    try:
        while time.monotonic() - begin < LIMIT_S and took is None:
            seen += os.read(master, 65536)
            if len(re.findall(function, seen)) >= ROWS - 8:
                took = (time.monotonic() - begin) * 1000
    except OSError:
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(master)
    return took


def measure(name, command, function):
    target = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if b"ready" not in target.stdout.readline():
            print(f"{name} does not start")
            return
        time.sleep(0.3)  # the last threads fall asleep; no state shows when
        dumps = [dump_ms(target.pid) for _ in range(ROUNDS)]
        views = [view_ms(target.pid, function) for _ in range(ROUNDS)]
        print(f"{name}: {dumps[-1][1]} stacks of {dumps[-1][2]} threads")
        print(f"grmon-c dump, 200 threads of {name}\t{statistics.median(d[0] for d in dumps):.0f}\tms\t<= 300")
        if None in views:
            print(f"{name}: the view never had all functions")
        else:
            print(f"to the view's first full table, 200 threads of {name}\t{statistics.median(views):.0f}\tms\t<= 300",
                  flush=True)
    finally:
        target.kill()
        target.wait()


try:
    for one in targets():
        measure(*one)
finally:
    shutil.rmtree(work)
