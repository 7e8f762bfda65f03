#!/bin/sh
# SPDX-License-Identifier: MIT
# Goroutines of real programs, each built in several ways, against what the Go runtime says
# of them itself: the same goroutines, states, stacks, lines and creators.
# shellcheck disable=SC2034
. "$(dirname "$0")/lib.sh"
need go
need python3
here=$(dirname "$0")
targets=$here/../targets/go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"

build() {	# build OUTPUT SOURCE OPTION…
	out=$1
	source=$2
	shift 2
	go build "$@" -o "$work/$out" "$targets/$source" >"$work/build.log" 2>&1
}

launch() {	# launch PROGRAM [busy]: its pid in $last, once it is ready
	rm -f "$work/stacks" "$work/out"
	"$work/$1" "$work/stacks" ${2:+"$2"} >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || echo "# $1 is not ready"
}

stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}

# matches AT_LEAST: what grmon-c sees in $last is what the runtime says.
matches() {
	dump "$last" -s goruntime || return 1
	kill -USR1 "$last"
	until_true test -f "$work/stacks" || return 1
	python3 "$here/go_compare.py" "$work/dump.json" "$work/stacks" "$1"
}

without_sections() {	# as sstrip does: e_shoff, e_shnum and e_shstrndx are zero
	python3 - "$work/plain" "$work/sections" <<'PY'
import os, sys
image = bytearray(open(sys.argv[1], "rb").read())
image[40:48] = bytes(8)
image[60:64] = bytes(4)
open(sys.argv[2], "wb").write(image)
os.chmod(sys.argv[2], 0o755)
PY
}

build plain waits.go || skip_all "go cannot build: $(tail -1 "$work/build.log")"
launch plain
check 'plain: as the runtime says' matches 23
# In Python: the threads of the target.
threads="__import__('os').listdir('/proc/$last/task')"
at() { sed -n "s/^$1 //p" "$work/out"; }
of() { echo "[t for t in tasks if t['name'] == 'main.$1'][0]"; }
check 'the version and the source are named' query \
	"d['target']['runtime'] == '$(go env GOVERSION)' and d['target']['sources'] == ['goruntime']"
check 'goroutines of the runtime are left out' query \
	"not any(t['name'].startswith('runtime.') for t in tasks)"
while read -r name state; do
	check "$name is in $state" query "$(of "$name")['state'] == '$state'"
done <<EOF
chanReceive chan-recv
chanSend chan-send
nilReceive chan-recv
nilSend chan-send
selectTwo select
selectNone select
sleeper sleep
lockMutex mutex
readLock rwlock-read
writeLock rwlock-write
waitGroup waitgroup
waitCond cond
accept accept
serve io-read
readPipe io-read
EOF
check 'a full channel and its senders' query \
	"$(of chanSend)['waits_on']['text'] == 'chan cap 2, len 2, 2 senders, 1 select'"
check 'both senders name the same channel' query \
	"len({t['waits_on']['address'] for t in having(name='main.chanSend')}) == 1"
check 'a select names its channels' query \
	"$(of selectTwo)['waits_on']['text'].startswith('2 chans: ')"
check 'a nil channel' query "$(of nilSend)['waits_on']['text'] == 'nil channel'"
check 'the directions of a select' query \
	"'send 0x' in $(of selectTwo)['waits_on']['text'] and 'recv 0x' in $(of selectTwo)['waits_on']['text']"
check 'what a channel carries, and that it is open' query \
	"all(text in $(of chanSend)['wait_detail'] for text in ('elements of 8 bytes', 'cap 2, len 2', 'open'))"
check 'the elements of a channel of arrays' query \
	"[t for t in having(name='main.generic[...]') if 'elements of 24 bytes' in t['wait_detail']]"
check 'each channel of a select in detail' query \
	"len($(of selectTwo)['wait_detail'].split(chr(10))) == 2"
check 'a mutex is held, but nobody knows by whom' query \
	"$(of lockMutex)['waits_on']['text'] == 'mutex held, 1 waiter' and 'does not record the holder' in $(of lockMutex)['wait_detail']"
check 'a lock that is held by a writer' query \
	"$(of readLock)['waits_on']['text'] == 'rwlock held by a writer, 1 waiter'"
check 'a lock that is held by a reader' query \
	"$(of writeLock)['waits_on']['text'] == 'rwlock held by 1 reader, 1 waiter'"
check 'how many a wait group still waits for' query \
	"$(of waitGroup)['waits_on']['text'] == 'waitgroup 3 to go, 1 waiter'"
check 'who waits on a condition' query "$(of waitCond)['waits_on']['text'] == 'cond, 1 waiter'"
check 'when a sleep ends' query \
	"abs((__import__('datetime').datetime.strptime($(of sleeper)['waits_on']['text'][-8:], '%H:%M:%S') - __import__('datetime').datetime.now()).seconds - 3570) < 31"
check 'both ends of a socket, and the process at the other' query \
	"' -> 127.0.0.1:' in $(of serve)['waits_on']['text'] and $(of serve)['wait_detail'] == 'at its other end: plain $last'"
check 'the mutex has its address' query \
	"$(of lockMutex)['waits_on']['address'] == '$(at mutex)'"
check 'the lock that a reader waits for' query \
	"$(of readLock)['waits_on']['address'] == '$(at written)'"
check 'the lock that a writer waits for' query \
	"$(of writeLock)['waits_on']['address'] == '$(at read)'"
check 'the wait group has its address' query \
	"$(of waitGroup)['waits_on']['address'] == '$(at group)'"
check 'the listening socket' query "'$(at listen)' in $(of accept)['waits_on']['text']"
check 'labels' query "$(of labelled)['labels'] == {'request': '/api/7', 'user': 'ann'}"
check 'the system call of a thread' query \
	"'pipe' in $(of readPipe)['waits_on']['text'] and $(of readPipe)['tid'] > 0"
check 'its runtime word stays' query "$(of readPipe)['raw'] == 'syscall'"
check 'signals are waited for, which is idle' query \
	"having(name='os/signal.loop')[0]['state'] == 'signal-wait'"
check 'one that is tied to its thread, and to which' query \
	"$(of tied)['raw'] == 'chan receive, locked to thread' and str($(of tied)['tid']) in $threads"
check 'nothing is suspect' query "not any(t['suspect'] for t in tasks)"
check 'without the runtime: no thread, no frame of it' query \
	"not having(kind='thread') and not any(f['function'] == 'runtime.gopark' for t in tasks for f in t['stack'])"
check '--runtime: its own goroutines and frames' sees "$last" \
	"[t for t in tasks if 'runtime.bgsweep' in [f['function'] for f in t['stack']]] and $(of chanReceive)['stack'][0]['function'] == 'runtime.gopark'" \
	--runtime
case $(go env GOVERSION) in
go1.1* | go1.2[01]*) ok 0 'and functions that the compiler made # SKIP Go gives them names of their own from 1.22 on' ;;
*) check 'and functions that the compiler made' query \
	"[f for f in $(of chanReceive)['stack'] if '.gowrap' in str(f['function'])]" ;;
esac
check '--threads: each thread beside the goroutines' sees "$last" \
	"{t['id'][1:] for t in having(kind='thread')} == set($threads) and d['target']['sources'] == ['goruntime', 'native']" \
	--threads
check 'the goroutine that a thread is on' query \
	"having(kind='thread', tid=$(of readPipe)['tid'])[0]['labels'] == {'goroutine': $(of readPipe)['id']}"
check 'what the threads of the runtime do' query \
	"[t for t in having(kind='thread') if 'runtime.sysmon' in [f['function'] for f in t['stack']]]"
check 'auto takes it for a Go program' sees "$last" "d['target']['sources'] == ['goruntime']"
check 'the target was never stopped' grep -q 'State:[[:space:]]*S' "/proc/$last/status"
stop

launch plain busy
on_cpu() {
	sees "$last" "$(of spin)['state'] == 'running' and __import__('os').path.exists('/proc/$last/task/%d' % $(of spin)['tid'])"
}
check 'one that runs, and its thread' until_true on_cpu
stop
check 'the section table is taken out' without_sections
launch sections
check 'no sections: as the runtime says' matches 23
stop
check 'builds with -s -w' build stripped waits.go -ldflags '-s -w'
launch stripped
check '-s -w: as the runtime says' matches 23
stop
check 'builds as a position-independent program' build pie waits.go -buildmode=pie
launch pie
check 'pie: as the runtime says' matches 23
stop
check 'builds without cgo' env CGO_ENABLED=0 go build -o "$work/static" "$targets/waits.go"
launch static
check 'CGO_ENABLED=0: as the runtime says' matches 23
stop
if command -v gcc >/dev/null 2>&1; then
	check 'builds with the race detector' build race waits.go -race
	launch race
	check 'race: as the runtime says' matches 23
	stop
	check 'builds with C' build cgo cgo.go -ldflags '-linkmode=external -s'
	launch cgo
	check 'cgo: as the runtime says' matches 3
	check 'a goroutine asleep in C' query \
		"$(of inC)['state'] == 'signal-wait' and $(of inC)['raw'] == 'syscall'"
	check 'a goroutine on a mutex of C, and who holds it' query \
		"$(of onLock)['state'] == 'mutex' and $(of onLock)['waits_on']['owner'] is not None"
	check 'its frames in C, and then those in Go' query \
		"[f['function'] for f in $(of inC)['stack'] if f['function'] and 'pause' in f['function'] or str(f['function']).startswith('main.')][1:] == ['main._Cfunc_nap', 'main.inC'] and len($(of inC)['stack']) >= 3"
	check 'the same under a mutex of C' query \
		"'lock' in str($(of onLock)['stack'][0]['function']) and $(of onLock)['stack'][-1]['function'] == 'main.onLock'"
	check 'through C and back' query \
		"[f['function'] for f in $(of through)['stack']] == ['main.inCallback', 'main.goCallback', 'main._Cfunc_callBack', 'main.through']"
	stop
fi
plan $tests
