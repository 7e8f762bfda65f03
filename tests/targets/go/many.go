// SPDX-License-Identifier: MIT

// Many goroutines parked eight calls deep, each on a channel of its own, and a ticker that
// keeps the longest gap between its ticks, which grows when the process is held up.
// Usage: many COUNT [TIMERS]. Serves net/http/pprof; prints its address, then the gap each second.
// /gap is the longest gap since it was asked for last, in microseconds.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

//go:noinline
func call(depth int, c chan int) int {
	if depth == 0 {
		return <-c
	}
	return call(depth-1, c) + depth
}

func park(c chan int) { call(5, c) }

func expire() {}

func armTimers(text string) {
	count, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	for i := 0; i < count; i++ {
		time.AfterFunc(time.Hour+time.Duration(i)*time.Millisecond, expire)
	}
}

var longest atomic.Int64

func tellGap(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, longest.Swap(0)) }

func watchGap() {
	ticker := time.NewTicker(time.Millisecond)
	last := time.Now()
	report := last.Add(time.Second)
	var worst time.Duration
	for now := range ticker.C {
		now = time.Now()
		if gap := now.Sub(last); gap > worst {
			worst = gap
		}
		if us := now.Sub(last).Microseconds(); us > longest.Load() {
			longest.Store(us)
		}
		last = now
		if now.After(report) {
			fmt.Println("gap", worst.Microseconds())
			worst = 0
			report = now.Add(time.Second)
		}
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	for i := 0; i < count; i++ {
		go park(make(chan int))
	}
	if len(os.Args) > 2 {
		armTimers(os.Args[2])
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	time.Sleep(300 * time.Millisecond)
	fmt.Println("listen", l.Addr())
	go watchGap()
	http.HandleFunc("/gap", tellGap)
	http.Serve(l, nil)
}
