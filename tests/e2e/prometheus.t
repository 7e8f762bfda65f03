#!/bin/sh
# SPDX-License-Identifier: MIT
# The metrics of export in a real Prometheus: it scrapes them, and its API returns the numbers of
# dumps. The shipped alerts fire for the leaking server and for no other, and every panel of the
# shipped dashboard has numbers, those of Go programs if Go is installed.
. "$(dirname "$0")/lib.sh"
need python3
need curl
here=$(cd "$(dirname "$0")/.." && pwd)
prometheus=$("$here/prometheus.sh") || skip_all 'there is no prometheus; tests/deps.sh check fetches it'
share=$here/../src/share
cd "$work" || exit 1
plan 18

check 'promtool accepts the alert rules' "$prometheus/promtool" check rules "$share/grmon-c.rules.yml"
check 'each alert fires when it should, and not before' \
	"$prometheus/promtool" test rules "$here/data/prometheus/rules_test.yml"
check 'promtool accepts the scrape configuration' \
	"$prometheus/promtool" check config "$share/prometheus.yml"

# Unique names, by which the exporter finds its targets among all processes.
leaky=leaky-$$ busy=busy-$$ fixed=fixed-$$ locks=locks-$$
cp "$BUILD/examples/leaky-server" "$leaky"
cp "$BUILD/examples/leaky-server" "$busy"
cp "$BUILD/examples/leaky-server" "$fixed"
cp "$BUILD/tests/targets/lock_cycles" "$locks"
export LD_LIBRARY_PATH="$BUILD${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
serve() { # serve NAME OPTION…: its pid is in $last, its address in $url
	rm -f "$1.out"
	"./$1" --port 0 $2 >"$1.out" 2>>log </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^http' "$1.out"
	url=$(sed -n 's/ .*//p;q' "$1.out")
}
serve "$leaky"
leaky_pid=$last leaky_url=$url
serve "$busy"
busy_url=$url
serve "$fixed" --fixed
fixed_url=$url
for user in 1 2 3 4; do
	curl -s "$leaky_url?user=$user"
done >/dev/null
# Both servers get the same requests; one leaks for each request.
python3 "$beside/requests_forever.py" 0.05 "$busy_url" "$fixed_url" >/dev/null 2>&1 &
started="$started $!"

exporter=127.0.0.1:$(free_port)
start "$client" export "$leaky" "$busy" "$fixed" "$locks" --listen "$exporter" -i 0.2 \
	--stuck 1s --top-groups 5 --warm-up 2s
served() { curl -sf "http://$exporter/metrics"; }
has() { served | grep -q "$@"; }
check 'every target is served' until_true has "^grmon_tasks_created_total{target=\"$fixed\""
lint() { served >metrics.txt && "$prometheus/promtool" check metrics <metrics.txt; }
check 'promtool accepts the text format' lint
type_for() { curl -s -o /dev/null -w '%{content_type}' -H "Accept: $1" "http://$exporter/metrics"; }
prefers() { # prefers TYPE ACCEPT…: each of these headers gets TYPE
	wanted=$1
	shift
	for accept in "$@"; do
		case $(type_for "$accept") in
		"$wanted;"*) ;;
		*) echo "$accept: $(type_for "$accept")"; return 1 ;;
		esac
	done
}
check 'OpenMetrics is served if it is preferred' prefers application/openmetrics-text \
	'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1' \
	'text/plain;q=0.2, Application/OpenMetrics-Text; q=0.9' application/openmetrics-text
check 'the text format is served if that is preferred' prefers text/plain '*/*' text/html \
	'application/openmetrics-text;q=0.3,text/plain' 'application/openmetrics-text; q=0,*/*' ''
if /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
	served_open() { curl -sf -H 'Accept: application/openmetrics-text' "http://$exporter/metrics"; }
	strictly() {
		served_open | /usr/bin/python3 "$beside/prometheus_strict.py"
	}
	check 'a strict reader of OpenMetrics accepts the metrics, and finds the documented names and labels' strictly
else
	ok 0 'a strict reader of OpenMetrics # SKIP python3-prometheus-client is not installed'
fi

api=127.0.0.1:$(free_port)
go_exporter=127.0.0.1:$(free_port)
sed 's/ for: .*/ for: 0s/' "$share/grmon-c.rules.yml" >grmon-c.rules.yml
cat >prometheus.yml <<YML
global: {evaluation_interval: 500ms}
scrape_configs:
  - job_name: grmon-c
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{targets: ['$exporter']}]
  - job_name: grmon-c-go
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs: [{targets: ['$go_exporter']}]
rule_files: [grmon-c.rules.yml]
YML
start "$prometheus/prometheus" --config.file=prometheus.yml --storage.tsdb.path=tsdb \
	--web.listen-address="$api" --log.level=warn

# asks QUESTION ARGUMENT…: asks the Prometheus server.
asks() { python3 "$here/e2e/prometheus_ask.py" "$@"; }
export API="$api"

check 'Prometheus scrapes the exporter' until_true asks scrapes 3
equal() { # equal PID: Prometheus has the numbers of a new dump
	"$client" dump -f json --stuck 1s "$1" >dump.json && asks equals "$1" dump.json
}
check 'the numbers of the leaking server are those of its dump' until_true equal "$leaky_pid"
check 'an alert fires for the leaking server' until_true asks fires "$leaky" GrmonStuckTasks/chan-send
check 'the oldest wait grows with time' until_true asks oldest-grows "$leaky"

# A process that starts later, and is in a deadlock.
mkfifo hold
"./$locks" abba <hold >>log 2>&1 &
locks_pid=$!
started="$started $locks_pid"
exec 9>hold
check 'a process that starts later is found, and its deadlock is an alert' until_true asks \
	fires "$locks" GrmonDeadlock
check 'the numbers of that process are those of its dump too' until_true equal "$locks_pid"
for user in 5 6 7; do
	curl -s "$leaky_url?user=$user" >/dev/null
done
check 'tasks that are created are counted' until_true asks created "$leaky" 3
check 'the leak of the server under load is an alert' until_true asks fires "$busy" GrmonLeak
# A Go program with a heap and timers, which another exporter watches.
panels="panels-but-go"
if command -v go >/dev/null && GOFLAGS='' GOTOOLCHAIN=local GOCACHE=${GOCACHE:-$(go env GOCACHE)} \
	go build -o "go-$$" "$here/targets/go/timers.go" >>log 2>&1; then
	start "./go-$$" fixed 100
	start "$client" export "go-$$" --listen "$go_exporter" -i 0.2
	panels=panels
fi
check 'every panel of the dashboard has numbers' until_true asks $panels "$share/grmon-c-dashboard.json"
check 'no alert fires for the server that is fine under the same load' asks quiet "$fixed"
