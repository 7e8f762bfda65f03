# SPDX-License-Identifier: MIT
"""Two servers, one with the agent and one without, take turns, for bench_servers.sh: one, other, other, one.
Prints the ratio of each four turns, of the processor time of the server or of its requests per second."""
import os
import re
import socket
import subprocess
import sys
import time

build, what, sets = sys.argv[1], sys.argv[2], int(sys.argv[3])
# Spinning threads on a busy machine answer few requests.
REQUESTS = ["-n", "4000" if what == "time" else "1000", "-c", "20", "-P", "4", "-t", "get", "--csv"]
started = []


def start(preload):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "/"]
    if what == "rate":
        options += ["--io-threads", "2", "--io-threads-do-reads", "yes"]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL,
                              env={**os.environ, "LD_PRELOAD": preload})
    started.append(server)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server.pid, port
        except OSError:
            time.sleep(0.02)
    sys.exit("redis-server has ended")


def used_ns(pid):
    tasks = f"/proc/{pid}/task"
    return sum(int(open(f"{tasks}/{tid}/schedstat").read().split()[0]) for tid in os.listdir(tasks))


def turn(server):
    pid, port = server
    before = used_ns(pid)
    text = subprocess.run(["redis-benchmark", "-p", str(port), *REQUESTS], capture_output=True, text=True,
                          timeout=60, check=True).stdout
    if what == "rate":
        return float(re.search(r'"GET","([\d.]+)"', text)[1])
    return used_ns(pid) - before


try:
    agent, none = start(build + "/libgrmon.so"), start("")
    turn(agent), turn(none)
    for number in range(sets):
        first, second = (agent, none) if number % 2 else (none, agent)
        outside = turn(first)
        inside = turn(second) + turn(second)
        outside += turn(first)
        print(outside / inside if number % 2 else inside / outside, flush=True)
finally:
    for server in started:
        server.kill()
        server.wait()
