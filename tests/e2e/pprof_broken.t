#!/bin/sh
# SPDX-License-Identifier: MIT
# Endpoints that are slow, close the connection, require a password or send other data: one sentence
# and exit status 3, in bounded time and memory.
. "$(dirname "$0")/lib.sh"
need python3
plan 14
start python3 "$(dirname "$0")/pprof_broken.py" "$work/port"
until_true test -s "$work/port"
url=http://127.0.0.1:$(cat "$work/port")

limit=
# fails PATH TEXT OPTION…: dump exits with status 3, prints TEXT on stderr and nothing on stdout.
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

check 'a healthy endpoint is read' sees "$url/fine" 'count = 50 and every has state=chan-recv'
check 'minutes are a lower bound of the age' ask 'has tasks.1.age_ns>=120e9 !tasks.1.age_exact tasks.1.long'
check 'an endpoint that does not answer is an error' fails slow 'did not answer in time'
check 'an answer that ends before its length is an error' fails half 'closed the connection in the middle'
check 'an answer that is cut without a length is an error' fails cut 'is incomplete'
check 'an answer of another kind is an error' fails html 'not a Go goroutine profile'
check 'a status of 503 is an error' fails status 'status 503'
check 'a missing password is an error' fails door '--user'
check 'a password is sent' sees "$url/door" 'count = 50' --user me:secret
check 'a missing header is an error' fails key '--header'
check 'a header is sent' sees "$url/key" 'count = 50' --header 'X-Key: open'
# Nothing listens on port 1.
proxied() {
	env http_proxy="$proxy" https_proxy="$proxy" ALL_PROXY="$proxy" all_proxy="$proxy" no_proxy= \
		"$client" dump "$1" -f json >"$work/dump.json" && ask 'count = 50'
}
proxy=http://127.0.0.1:1
past() {
	proxied "$url/fine" && proxied "http://localhost:${url##*:}/fine" && proxied "http://127.1:${url##*:}/fine"
}
check 'no proxy is used for addresses of this machine' past
proxy=$url
check 'a proxy is used for other addresses' proxied http://server.example/fine
# A sanitizer needs far more address space.
[ -n "${SAN:-}" ] || limit="prlimit --as=1500000000"
# With a sanitizer, 256 MB do not always arrive within the time limit of an answer.
if [ -n "${SAN:-}" ]; then
	ok 0 'an answer of 500 MB # SKIP it takes too long with a sanitizer'
else
	# A busy machine may not transfer so much within the time limit of an answer.
	check 'an answer of 500 MB is refused in bounded memory' until_true fails huge 'more than 256 MB'
fi
