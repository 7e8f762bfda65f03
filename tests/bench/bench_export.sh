#!/bin/sh
# SPDX-License-Identifier: MIT
# The cost of a scrape of `export` beyond the sample, with 10,000 threads under the agent:
# times over one connection, spread over the second, next to those of its front page,
# which is the cost of the connection alone. Then with 60 targets at once.
set -u
BUILD=${BUILD:-$PWD/build}
threads=${THREADS:-10000}
command -v python3 >/dev/null 2>&1 || { echo 'no python3: skipped'; exit 0; }
work=$(mktemp -d)
target=
exporter=
finish() {
	for pid in $exporter $target; do kill "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
figure() { printf '%s\t%s\t%s\t%s\n' "$@"; }

# scrape WHAT GOAL: prints figures of the exporter on $port.
scrape() {
	python3 - "$port" "$@" <<'PY'
import http.client, random, re, sys, time
port, what, goal = int(sys.argv[1]), sys.argv[2], sys.argv[3]
connection = http.client.HTTPConnection("127.0.0.1", port)
def get(path):
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "application/openmetrics-text"})
    body = connection.getresponse().read()
    return time.perf_counter() - begin, body
random.seed(1)
pages, scrapes = [], []
for i in range(300):
    pages.append(get("/")[0])
    took, body = get("/metrics")
    scrapes.append(took)
    time.sleep(random.random() / 50)
pages.sort()
scrapes.sort()
samples = [float(n) for n in re.findall(rb"^grmon_scrape_seconds\S* (\S+)", body, re.M)]
def figure(name, value, unit, goal="-"):
    print(name, value, unit, goal, sep="\t")
figure(what + ": median", "%.2f" % (1000 * scrapes[len(scrapes) // 2]), "ms", goal)
figure("the same, 99 of 100 are below", "%.2f" % (1000 * scrapes[-len(scrapes) // 100]), "ms", goal)
figure("the front page beside it: median", "%.2f" % (1000 * pages[len(pages) // 2]), "ms")
figure("a sample beside it", "%.2f" % (1000 * sum(samples) / len(samples)), "ms")
figure("what is served", "%.0f" % (len(body) / 1024), "KB")
PY
}
export_them() { # export_them TARGET…: on $port
	port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	"$BUILD/grmon-c" export --listen "127.0.0.1:$port" --top-groups 10 "$@" 2>"$work/log" &
	exporter=$!
	wanted=$#
	up() { python3 -c "import urllib.request as u
print(u.urlopen('http://127.0.0.1:$port/metrics').read().count(b'\ngrmon_deadlocks{'))" 2>/dev/null; }
	until [ "$(up)" = "$wanted" ]; do
		kill -0 "$exporter" 2>/dev/null || { cat "$work/log"; exit 0; }
		sleep 0.2
	done
}

# The target ends with its input.
mkfifo "$work/input"
exec 3<>"$work/input"
LD_PRELOAD=$BUILD/libgrmon.so "$BUILD/tests/targets/many_threads" "$threads" \
	>"$work/ready" 2>&1 <&3 &
target=$!
until grep -qs ready "$work/ready"; do
	kill -0 "$target" 2>/dev/null || { cat "$work/ready"; exit 0; }
	sleep 0.1
done
export_them "$target"
scrape "scrape of $threads tasks, looked at once a second" '<=5'
kill "$exporter"
wait "$exporter" 2>/dev/null
kill "$target"
wait "$target" 2>/dev/null

many=
for _ in $(seq 60); do
	sleep 600 &
	many="$many $!"
done
target=$many
export_them $many
scrape 'scrape of 60 targets' -
awk '/VmHWM/ { printf "exporter of 60 targets, highest memory\t%.1f\tMB\t-\n", $2 / 1024 }' "/proc/$exporter/status"
