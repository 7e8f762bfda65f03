#!/bin/sh
# SPDX-License-Identifier: MIT
# Dumps of goroutines as users have them: logs with several dumps, race reports, profiles without
# ids, logs with the newest line first.
. "$(dirname "$0")/lib.sh"
need python3
plan 23

cat >"$work/plain" <<'TXT'
goroutine 7 [chan receive, 6000000 minutes]:
shop.(*Store).next(0xc000010000, 0x1)
	/src/shop/store.go:31 +0x1c
created by shop.Start in goroutine 1
	/src/shop/start.go:9 +0x51

goroutine 9 [select, 3000000 minutes labels:{"request": "/a, b]: c"}]:
shop.(*Pump).run(0xc000012000)
	/src/shop/pump.go:77 +0x8f
created by shop.Start in goroutine 1
	/src/shop/start.go:10 +0x6e
TXT
check 'ages are those of the text' sees "$work/plain" \
	'count = 2 and has tasks.0.age_ns>3.5999997e17 tasks.0.age_ns<3.6000003e17 tasks.1.age_ns>1.7999997e17 tasks.1.age_ns<1.8000003e17'
check 'a goroutine has the label of its header' ask "row id=g9 has labels='{\"request\": \"/a, b]: c\"}'"
check 'a filter selects by age' sees "$work/plain" 'values id = g7' --filter 'age>4000000m'

sed 's/.*/{"log":"&\\n","stream":"stderr"}/; s/\t/\\t/; s/"request": "\(.*\)"}]:/\\"request\\": \\"\1\\"}]:/' \
	"$work/plain" >"$work/docker"
check 'the log of a container is read' sees "$work/docker" \
	'values id = g7 g9 and has tasks.0.created_by.0.line=9'
tac "$work/plain" >"$work/newest"
check 'a text with the newest line first is read' sees "$work/newest" \
	'values id = g7 g9 and has tasks.1.stack.0.line=77'
check 'a message says that the newest line is first' ask 'has errors.0*=newest'
iconv -f UTF-8 -t UTF-16 \
	"$work/plain" >"$work/utf16"
check 'UTF-16 is read' sees "$work/utf16" 'values id = g7 g9'
gzip -c "$work/docker" >"$work/docker.gz"
check 'a compressed file is read' sees "$work/docker.gz" 'values id = g7 g9'

{
	cat "$work/plain"
	echo
	echo '2030/01/02 03:04:05 http: panic serving 10.0.0.1:5: boom'
	printf 'goroutine 50 [running]:\nmain.handle(0x1)\n\t/src/main.go:5 +0x11\n\n'
	echo 'SIGQUIT: quit'
	echo
	printf 'goroutine 1 [running]:\nmain.main()\n\t/src/main.go:9 +0x11\n\n'
	printf 'goroutine 8 [select]:\n\ngoroutine 3 [select]:\nmain.f()\n\t/src/main.go:7 +0x1\n'
} >"$work/log"
check 'the last complete dump is shown' sees "$work/log" 'sorted id = g1 g3 g8'
check 'a message says how many dumps there are' ask "has errors.0*='this text has 3 dumps, with 2, 1 and 3 goroutines'"
check 'a message says how many stacks have no frames' ask "has errors.*='1 of 3 stacks have no frames in this text'"
check '--dump selects another dump' sees "$work/log" 'values id = g50' --dump 2
fails_with() {	# fails_with STATUS TEXT COMMAND…: it exits with STATUS and prints TEXT
	want=$1
	text=$2
	shift 2
	out=$("$@" 2>&1)
	[ $? -eq "$want" ] && printf '%s\n' "$out" | grep -qF -- "$text"
}
check 'a dump that does not exist is an error' fails_with 3 'the text has 3' "$client" dump "$work/log" --dump 4
check 'a word for --dump that is not a number is an error' fails_with 2 'not the number' "$client" dump "$work/log" --dump x

cat >"$work/race" <<'TXT'
==================
WARNING: DATA RACE
Read at 0x00c000018090 by goroutine 7:
  main.count.func1()
      /src/race.go:10 +0x44

Previous write at 0x00c000018090 by main goroutine:
  main.count()
      /src/race.go:14 +0x88

Goroutine 7 (running) created at:
  main.count()
      /src/race.go:9 +0x7a
==================
Found 1 data race(s)
TXT
check 'a race report has both goroutines' sees "$work/race"  \
	'sorted id = g1 g7 and row id=g1 has state=running stack.0.line=14 and row id=g7 has state=running stack.0.line=10 created_by.0.line=9'

{
	printf 'goroutine profile: total 7046\n'
	printf '7000 @ 0x43c9d6 0x4486bb\n#\t0x43c9d5\tmain.worker+0x55\t/src/main.go:12\n\n'
	printf '46 @ 0x43c9d6 0x4486bc\n#\t0x43c9d5\tmain.idle+0x55\t/src/main.go:19\n'
} >"$work/debug1"
check 'goroutines are counted, not rows' sees "$work/debug1" \
	"has counts.tasks=7046 counts.by_state='{\"unknown\": 7046}' and count = 2"
check 'ids of groups begin with #' ask 'every has id^=#'
check 'a message says which dump has states' ask 'has errors.0*=debug=2'
text_says() { "$client" dump "$work/debug1" | grep -q 'tasks 7046 in 2 rows'; }
check 'the text counts goroutines and rows' text_says
check 'limits count goroutines' fails_with 1 '7046' "$client" check "$work/debug1" --max-tasks 100

long=example.com/organisation-of-a-long-name/repository-of-a-long-name/internal/controllers/reconcile
printf 'goroutine 7 [chan send, 4 minutes]:\n%s.(*Reconciler).waitForReady(0x1)\n\t/src/main.go:12 +0x1c\n' \
	"$long" >"$work/long"
wrapped() { "$client" report "$work/long" | grep -q '^- 1 stuck, the oldest for 4m00s: chan-send in$'; }
check 'a long name has a line of its own in a report' wrapped
printf 'goroutine 7 [semacquire, 4 minutes]:\nsync.(*Cond).Wait(0xc2)\n\t/go/src/sync/cond.go:62 +0x9e\n' >"$work/old"
check 'states of old runtimes are recognized' sees "$work/old" 'row state=cond has waits_on.kind=cond'
printf 'goroutine 7 [chan receive]:\nmain.f()\n\t/src/main.go:3 +0x1d\n' >"$work/young.txt"
check 'a header without minutes gives no age' sees "$work/young.txt" 'has tasks.0.age_ns=null !tasks.0.age_exact'
