#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints eight screens of the view at three sizes, as Markdown: .github/SCREENS.md. Run by
# `make screens`.
. "$(dirname "$0")/lib.sh"
need go
need nginx
need curl
targets=$(dirname "$0")/../targets

# started_with COMMAND…: starts a program whose output, in $work/out, has "ready" or an address.
started_with() {
	: >"$work/out"
	"$@" >"$work/out" 2>"$work/err" </dev/null &
	last=$!
	started="$started $last"
	until_true grep -qE 'ready|http:' "$work/out" || give_up "$1 does not start"
}

start_demo() {
	started_with "$BUILD/examples/leaky-server" --port 0
	demo=$last
	url=$(sed 's/ .*//' "$work/out")
	for user in 7 8 9; do curl -fsS --max-time 10 "$url?user=$user" >/dev/null; done
}
start_jobs() {
	GOFLAGS='' GOTOOLCHAIN=local go build -ldflags '-s -w' -o "$work/image-proxy" "$targets/go/jobs.go"
	started_with "$work/image-proxy" 30
	jobs=$last
}
start_cycle() {
	mkfifo "$work/hold"
	"$BUILD/tests/targets/lock_cycles" three <"$work/hold" >"$work/out" 2>/dev/null &
	cycle=$!
	started="$started $cycle"
	exec 9>"$work/hold"
	until_true grep -q ready "$work/out"
}
has_workers() { [ "$(pgrep -c -P "$nginx")" -eq "$1" ]; }
start_nginx() {
	mkdir "$work/nginx"
	cat >"$work/nginx/conf" <<-CONF
		daemon off;
		pid $work/nginx/pid;
		error_log $work/nginx/error.log;
		worker_processes 4;
		events {}
		http { access_log off; server { listen unix:$work/nginx/socket; } }
	CONF
	nginx -p "$work/nginx" -c "$work/nginx/conf" 2>/dev/null &
	nginx=$!
	until_true has_workers 4
	started="$started $nginx"
}

# picture TITLE WIDTH HEIGHT: the screen as it is now.
picture() {
	printf '\n### %s, %s×%s\n\n```\n' "$1" "$2" "$3"
	screen | sed "s|$PWD/||g; s|$work/||g; s| /[^ ]*/src/agent/| src/agent/|; s/ *\$//"
	printf '```\n'
}
# pictures TITLE PATTERN KEY…: at three sizes, what is shown after these keys.
pictures() {
	title=$1 pattern=$2
	shift 2
	for size in '80 24' '120 40' '200 50'; do
		resize ${size% *} ${size#* }
		for key in "$@"; do
			press "$key"
			sleep 0.5
		done
		wait_for "$pattern" || echo "# $title: no $pattern" >&2
		sleep 1.5
		picture "$title" ${size% *} ${size#* }
		press t
		wait_for 'ID +STATE'
	done
}
leave() {
	press q q
	wait_for '^status='
}

start_demo
start_jobs
start_cycle
start_nginx
open_shell 120 40
cat <<'TEXT'
# Eight screens of grmon-c

Printed by `make screens` from real programs: the demo server of the README, a Go program with a
job that forgets the bodies of responses, three threads in a deadlock, and nginx.
TEXT
printf '\n## One process\n'
view "--stuck 3s -i 0.5 $demo"
wait_for '3 stuck'
pictures 'Tasks' 'ID +STATE' n
pictures 'A task' '^ *Task' n Enter
leave
printf '\n## A leak in Go\n'
view "-i 0.1 --warm-up 5s $jobs"
wait_for '[0-9] leak'
sleep 10
pictures 'Groups' 'COUNT' g Home
pictures 'A group' 'Blocked at' g Home Enter
pictures 'What a group holds' 'in common' g Home v
pictures 'Resources' 'watched for' x
leave
printf '\n## A deadlock\n'
view "--stuck 3s -i 0.5 $cycle"
wait_for 'deadlock'
pictures 'Waits' 'deadlock' w
leave
printf '\n## A service of several processes\n'
view "-i 0.5 tree:$nginx"
pictures 'Processes of nginx' 'ID +' Home
leave
# It ends its workers itself.
kill "$nginx"
wait "$nginx"
