#!/bin/sh
# SPDX-License-Identifier: MIT
# Leaks as they happen in Go servers: each is there in its rows, with the function that
# leaks and the one that started it; and a program that has been mended shows none.
. "$(dirname "$0")/lib.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
source=$(dirname "$0")/../targets/go/stories.go
go build -ldflags '-s -w' -o "$work/stories" "$source" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"

tell() {	# tell STORY COUNT: its pid in $last, once it has leaked
	"$work/stories" "$1" "$2" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || sed 's/^/# /' "$work/out"
	dump "$last" || echo '# dump failed'
}
end() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}

line=$(grep -n 'go func' "$source" | head -1 | cut -d: -f1)
tell producer 5
check 'each request leaves a producer that sends to nobody' query \
	"len([t for t in having(state='chan-send') if t['stack'][0]['function'] == 'main.newProducer.func1']) == 5"
check 'it was started by newProducer, in the line of its go statement' query \
	"all(t['created_by'][0]['function'] == 'main.newProducer' and t['created_by'][0]['line'] == $line for t in having(name='main.newProducer.func1'))"
check 'and nobody receives from its channel' query \
	"all(t['waits_on']['text'] == 'chan cap 0, 1 sender' for t in having(name='main.newProducer.func1'))"
end
tell fixed 5
check 'with a time limit there is none' query "having(name='main.newPatientProducer.func1') == []"
check 'and nothing else waits on a channel but main' query \
	"[t['name'] for t in tasks if t['class'] == 'channel'] == ['main.main']"
end
tell agents 30
check 'each connection leaves a heartbeat' query \
	"len(having(name='main.(*agent).heartbeat', state='chan-recv')) == 30"
check 'started where the agent connects' query \
	"all(t['created_by'][-1]['function'] in ('main.(*agent).connect', 'main.main') for t in having(name='main.(*agent).heartbeat'))"
end
tell bodies 40
for loop in readLoop writeLoop; do
	check "bodies that are not read: a $loop for each" query \
		"len(having(name='net/http.(*persistConn).$loop', state='select')) == 40"
done
check 'and the server that cannot go on writing' query \
	"len([t for t in having(state='io-write') if t['name'] == 'net/http.(*conn).serve']) == 40"
check 'their function is the one that serves, not the socket' query \
	"any(f['function'] == 'main.main.func1' for t in having(state='io-write') for f in t['stack'])"
end
plan $tests
