#!/bin/sh
# SPDX-License-Identifier: MIT
# Goroutines of real programs, each built in several ways, compared with what the Go runtime itself
# prints: the same goroutines, states, stacks, lines and creators.
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

launch() {	# launch PROGRAM [busy]: waits until it is ready; its pid is in $last
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

# matches AT_LEAST: grmon-c and the runtime agree about $last, on at least AT_LEAST goroutines.
matches() {
	dump "$last" -s goruntime || return 1
	kill -USR1 "$last"
	until_true test -f "$work/stacks" || return 1
	python3 "$here/go_compare.py" "$work/dump.json" "$work/stacks" "$1"
}

without_sections() {	# sets e_shoff, e_shnum and e_shstrndx to zero, as sstrip does
	zeros() { dd if=/dev/zero of="$work/sections" bs=1 count="$2" seek="$1" conv=notrunc 2>/dev/null; }
	cp "$work/plain" "$work/sections" && zeros 40 8 && zeros 60 4
}

build plain waits.go || skip_all "go cannot build: $(tail -1 "$work/build.log")"
launched=$(date +%s)
launch plain
check 'a plain build is shown as by the runtime' matches 23
at() { sed -n "s/^$1 //p" "$work/out"; }
# Prints the beginning of a question about the goroutine that began with main.NAME.
the() { echo "row name=main.$1 has"; }
# frames NAME: prints the functions on its stack.
frames() { ask "value stack.*.function name=main.$1"; }
check 'the dump names the version of Go and the source' ask \
	"has target.runtime=$(go env GOVERSION) target.sources=goruntime"
check 'goroutines of the runtime are left out' ask 'no name^=runtime.'
while read -r name state; do
	check "$name is in $state" ask "$(the "$name") state=$state"
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
check 'a full channel and its senders are described' ask \
	"$(the chanSend) waits_on.text='chan cap 2, len 2, 2 senders, 1 select'"
check 'both senders name the same channel' ask 'distinct waits_on.address name=main.chanSend = 1'
check 'a select names its channels' ask "$(the selectTwo) waits_on.text^='2 chans: '"
check 'a nil channel is called a nil channel' ask "$(the nilSend) waits_on.text='nil channel'"
check 'a select says the direction of each case' ask \
	"$(the selectTwo) waits_on.text*='send 0x' waits_on.text*='recv 0x'"
check 'the detail says what a channel carries, and that it is open' ask \
	"$(the chanSend) wait_detail*='elements of 8 bytes' wait_detail*='cap 2, len 2' wait_detail*=open"
check 'elements of a channel of arrays have the size of the array' ask \
	"row name=main.generic[...] wait_detail*='elements of 24 bytes'"
detail_lines() { [ "$(ask 'value wait_detail name=main.selectTwo' | wc -l)" -eq 2 ]; }
check 'the detail of a select has a line for each channel' detail_lines
check 'a held mutex is described, and the detail says that Go does not record the holder' ask \
	"$(the lockMutex) waits_on.text='mutex held, 1 waiter' wait_detail*='does not record the holder'"
check 'a read lock waits for a writer' ask \
	"$(the readLock) waits_on.text='rwlock held by a writer, 1 waiter'"
check 'a write lock waits for a reader' ask \
	"$(the writeLock) waits_on.text='rwlock held by 1 reader, 1 waiter'"
check 'a wait group says how many it still waits for' ask \
	"$(the waitGroup) waits_on.text='waitgroup 3 to go, 1 waiter'"
check 'a condition says how many wait' ask "$(the waitCond) waits_on.text='cond, 1 waiter'"
sleep_ends() {	# The program sleeps for an hour from its start; the text ends with a time of day.
	ends=$(date -d "$(ask 'value waits_on.text name=main.sleeper' | tail -c 9)" +%s) || return 1
	left=$(((ends - $(date +%s) + 86400) % 86400))
	echo "$left s left"
	[ $left -ge $((3599 - $(date +%s) + launched)) ] && [ $left -le 3601 ]
}
check 'a sleep says when it ends' sleep_ends
check 'a socket has both ends, and the process at the other one' ask \
	"$(the serve) waits_on.text*=' -> 127.0.0.1:' wait_detail='at its other end: plain $last'"
check 'the mutex has its address' ask "$(the lockMutex) waits_on.address=$(at mutex)"
check 'the lock that a reader waits for has its address' ask "$(the readLock) waits_on.address=$(at written)"
check 'the lock that a writer waits for has its address' ask "$(the writeLock) waits_on.address=$(at read)"
check 'the wait group has its address' ask "$(the waitGroup) waits_on.address=$(at group)"
check 'the listening socket has its address' ask "$(the accept) waits_on.text*='$(at listen)'"
check 'a goroutine has the labels that the program set' ask \
	"$(the labelled) labels='{\"request\": \"/api/7\", \"user\": \"ann\"}'"
check 'a system call has its object and its thread' ask "$(the readPipe) waits_on.text*=pipe tid>0"
check 'the field raw has the word of the runtime' ask "$(the readPipe) raw=syscall"
check 'a goroutine that waits for signals is in signal-wait' ask 'row name=os/signal.loop has state=signal-wait'
is_tied() {
	ask "$(the tied) raw='chan receive, locked to thread'" &&
		[ -d "/proc/$last/task/$(ask 'value tid name=main.tied')" ]
}
check 'a goroutine that is locked to its thread has the id of that thread' is_tied
check 'no row is suspect' ask 'no suspect'
check 'threads and frames of the runtime are left out' ask \
	'no kind=thread and no stack.*.function=runtime.gopark'
check '--runtime shows goroutines and frames of the runtime' sees "$last" \
	"row stack.*.function=runtime.bgsweep and $(the chanReceive) stack.0.function=runtime.gopark" --runtime
case $(go env GOVERSION) in
go1.1* | go1.2[01]*) ok 0 '--runtime shows functions that the compiler made # SKIP Go gives them names of their own from 1.22 on' ;;
*) check '--runtime shows functions that the compiler made' ask \
	"$(the chanReceive) stack.*.function*=.gowrap" ;;
esac
all_threads() {
	sees "$last" 'has target.sources=goruntime,native' --threads &&
		ask "set id kind=thread = $(find "/proc/$last/task" -mindepth 1 -maxdepth 1 -printf 't%f ')"
}
check '--threads shows each thread beside the goroutines' all_threads
label_of_thread() {
	tid=$(ask 'value tid name=main.readPipe kind=goroutine') && id=$(ask 'value id name=main.readPipe kind=goroutine') &&
		ask "row kind=thread tid=$tid has labels='{\"goroutine\": \"$id\"}'"
}
check 'a thread that runs a goroutine names it' label_of_thread
check 'threads of the runtime show what they do' ask 'row kind=thread stack.*.function=runtime.sysmon'
check 'without --source the program is read as a Go program' sees "$last" 'has target.sources=goruntime'
check 'the target was never stopped' grep -q 'State:[[:space:]]*S' "/proc/$last/status"
stop

launch plain busy
on_cpu() {
	sees "$last" "$(the spin) state=running" && [ -d "/proc/$last/task/$(ask 'value tid name=main.spin')" ]
}
check 'a goroutine that runs has the thread that runs it' until_true on_cpu
stop
check 'the section table can be removed' without_sections
launch sections
check 'a program without sections is shown as by the runtime' matches 23
stop
check 'the program builds with -s -w' build stripped waits.go -ldflags '-s -w'
launch stripped
check 'a program built with -s -w is shown as by the runtime' matches 23
stop
check 'the program builds as a position-independent one' build pie waits.go -buildmode=pie
launch pie
check 'a position-independent program is shown as by the runtime' matches 23
stop
check 'the program builds without cgo' env CGO_ENABLED=0 go build -o "$work/static" "$targets/waits.go"
launch static
check 'a program built without cgo is shown as by the runtime' matches 23
stop
if command -v gcc >/dev/null 2>&1; then
	check 'the program builds with the race detector' build race waits.go -race
	launch race
	check 'a program with the race detector is shown as by the runtime' matches 23
	stop
	check 'a program with C builds' build cgo cgo.go -ldflags '-linkmode=external -s'
	launch cgo
	check 'a program with C is shown as by the runtime' matches 3
	check 'a goroutine that sleeps in C has the state of the C function' ask "$(the inC) state=signal-wait raw=syscall"
	check 'a goroutine that waits for a mutex of C has its owner' ask "$(the onLock) state=mutex waits_on.owner!=null"
	c_then_go() {
		frames inC
		[ "$(frames inC | grep -E 'pause|^main\.' | tail -n +2 | xargs)" = 'main._Cfunc_nap main.inC' ] &&
			ask "$(the inC) stack.#>=3"
	}
	check 'its frames in C come before its frames in Go' c_then_go
	check 'frames in C come first under a mutex of C too' ask \
		"$(the onLock) stack.0.function*=lock stack.-1.function=main.onLock"
	check 'a stack that goes through C and back is whole' ask \
		'values stack.*.function name=main.through = main.inCallback main.goCallback main._Cfunc_callBack main.through'
	stop
fi
plan $tests
