#!/bin/sh
# SPDX-License-Identifier: MIT
# Endpoints that are slow, break off, want a password or send something else: one sentence
# and exit status 3, in bounded time and memory.
. "$(dirname "$0")/lib.sh"
need python3
plan 14
start python3 "$(dirname "$0")/pprof_broken.py" "$work/port"
until_true test -s "$work/port"
url=http://127.0.0.1:$(cat "$work/port")

limit=
# fails PATH TEXT OPTION…
fails() {
	path=$1
	text=$2
	shift 2
	timeout 60 $limit "$client" dump "$url/$path" "$@" >"$work/out" 2>"$work/err"
	got=$?
	cat "$work/err"
	[ $got -eq 3 ] || { echo "exit $got"; return 1; }
	[ ! -s "$work/out" ] || { echo 'something on stdout'; return 1; }
	grep -qF -- "$text" "$work/err" || { echo "it does not say: $text"; return 1; }
}

check 'all is well' sees "$url/fine" 'count = 50 and every has state=chan-recv'
check 'minutes are the least age' ask 'has tasks.1.age_ns>=120e9 !tasks.1.age_exact tasks.1.long'
check 'no answer at all' fails slow 'did not answer in time'
check 'breaks off before its length' fails half 'closed the connection in the middle'
check 'breaks off without a length' fails cut 'is incomplete'
check 'something else' fails html 'not a Go goroutine profile'
check 'an error' fails status 'status 503'
check 'a password is missing' fails door '--user'
check 'a password' sees "$url/door" 'count = 50' --user me:secret
check 'a header is missing' fails key '--header'
check 'a header' sees "$url/key" 'count = 50' --header 'X-Key: open'
# Nothing listens on port 1.
proxied() {
	env http_proxy="$proxy" https_proxy="$proxy" ALL_PROXY="$proxy" all_proxy="$proxy" no_proxy= \
		"$client" dump "$1" -f json >"$work/dump.json" && ask 'count = 50'
}
proxy=http://127.0.0.1:1
past() {
	proxied "$url/fine" && proxied "http://localhost:${url##*:}/fine" && proxied "http://127.1:${url##*:}/fine"
}
check 'no proxy is asked for what is here' past
proxy=$url
check 'but for what is elsewhere' proxied http://server.example/fine
# A sanitizer takes far more address space.
[ -n "${SAN:-}" ] || limit="prlimit --as=1500000000"
# With one, 256 MB do not always come within the limit of an answer.
if [ -n "${SAN:-}" ]; then
	ok 0 '# SKIP 500 MB take too long with a sanitizer'
else
	check '500 MB' fails huge 'more than 256 MB'
fi
