#!/bin/sh
# SPDX-License-Identifier: MIT
# Leaks as they happen in Go servers: rows show the function that leaks and the function that started
# it. A fixed program shows none. Then the stories of tests/targets/go/story, from beginning to end.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/go_stories.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
source=$(dirname "$0")/../targets/go/stories.go
go build -ldflags '-s -w' -o "$work/stories" "$source" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"

tell() {	# tell STORY COUNT: waits until the program has leaked; its pid is in $last
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
check 'each request leaves a producer that is blocked in a send' ask \
	'count state=chan-send stack.0.function=main.newProducer.func1 = 5'
check 'newProducer started it, in the line of its go statement' ask \
	"every name=main.newProducer.func1 has created_by.0.function=main.newProducer created_by.0.line=$line"
check 'its channel has no receiver' ask \
	"every name=main.newProducer.func1 has waits_on.text='chan cap 0, 1 sender'"
end
tell fixed 5
check 'with a time limit no producer is left' ask 'no name=main.newPatientProducer.func1'
check 'only main waits on a channel' ask 'values name class=channel = main.main'
end
tell agents 30
check 'each connection leaves a heartbeat' ask \
	'count name=main.(*agent).heartbeat state=chan-recv = 30'
check 'the heartbeat was started where the agent connects' ask \
	"every name=main.(*agent).heartbeat has created_by.-1.function~='main\.(\(\*agent\)\.connect|main)'"
end
tell bodies 40
for loop in readLoop writeLoop; do
	check "each body that is not read leaves a $loop" ask \
		"count name=net/http.(*persistConn).$loop state=select = 40"
done
check 'the server is blocked in a write for each' ask \
	'count state=io-write name=net/http.(*conn).serve = 40'
check 'the stack of that write contains the handler' ask \
	'row state=io-write stack.*.function=main.main.func1'
end

# shellcheck disable=SC2034
minor=$(minor_of go)
check 'the program of the stories builds' story_build go -ldflags '-s -w'
[ ! -x "$work/story/story" ] || tell_stories "$(go env GOVERSION), stripped"
plan $tests
