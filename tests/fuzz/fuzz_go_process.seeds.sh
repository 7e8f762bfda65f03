#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the program that fuzz_go_process reads next to the folder that is its argument,
# with goroutines in many kinds of waits, and makes seeds in the folder.
set -eu
out=$(cd "$1" && pwd)
i=0
while [ $i -lt 32 ]; do
	i=$((i + 1))
	# Ways, then a few false words: how they are changed, and to what.
	printf "$(printf '\\%03o' $((i - 1)))"'\001\000\000\000\000\200\020\000\003\001\100\200\000\001\005\077\001\001\006\010' >"$out/ways$i"
done
command -v go >/dev/null 2>&1 || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/main.go" <<'END'
package main

import (
	"context"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

type node struct {
	next *node
	wait chan int
	text string
}

var keep []*node
var lock sync.Mutex
var rw sync.RWMutex

func leaked(n int) {
	made := make(chan int, n%2)
	go func() { <-made }()
	go func() { go func() { <-made }() }()
}

func main() {
	lock.Lock()
	rw.Lock()
	for i := 0; i < 40; i++ {
		n := &node{wait: make(chan int), text: string(make([]byte, i))}
		if i > 0 {
			n.next = keep[i-1]
		}
		keep = append(keep, n)
		go func() { n.wait <- i }()
		go func() {
			select {
			case <-n.wait:
			case <-time.After(time.Hour):
			}
			select {}
		}()
		leaked(i)
	}
	go lock.Lock()
	go rw.RLock()
	go time.Sleep(time.Hour)
	for i := 0; i < 50; i++ {
		time.AfterFunc(time.Hour, lock.Unlock)
		ticker := time.NewTicker(time.Hour + time.Duration(i)*time.Second)
		go func() { <-ticker.C }()
	}
	go pprof.Do(context.Background(), pprof.Labels("request", "/api"), func(context.Context) { <-keep[0].wait })
	group := &sync.WaitGroup{}
	group.Add(1)
	go group.Wait()
	cond := sync.NewCond(&sync.Mutex{})
	go func() { cond.L.Lock(); cond.Wait() }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		go listener.Accept()
	}
	time.Sleep(200 * time.Millisecond)
	runtime.GC()
	os.Stdout.WriteString("ready\n")
	select {}
}
END
cd "$work"
GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 go build -o target main.go
mv target "$out/../fuzz_go_process.target"
