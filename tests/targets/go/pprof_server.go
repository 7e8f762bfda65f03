// SPDX-License-Identifier: MIT

// A server with net/http/pprof and one goroutine or more for each way to wait.
// Usage: pprof_server ADDRESS [GOROUTINES]; prints the address that it listens on.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	nothing chan int
	lock    sync.Mutex
	rwlock  sync.RWMutex
	group   sync.WaitGroup
	cond    = sync.NewCond(new(sync.Mutex))
)

func sender(never chan int) { never <- 1 }

func selecter() {
	other := make(chan bool)
	select {
	case <-other:
	case other <- true:
	}
}

func park(stop chan bool) { <-stop }

func listen(address string) net.Listener {
	network := "tcp"
	if strings.Contains(address, "/") {
		network = "unix"
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return listener
}

func main() {
	listener := listen(os.Args[1])
	lock.Lock()
	rwlock.Lock()
	group.Add(1)
	go sender(make(chan int))
	go selecter()
	go func() { <-nothing }()
	go func() { lock.Lock() }()
	go func() { rwlock.RLock() }()
	go func() { group.Wait() }()
	go func() { cond.L.Lock(); cond.Wait() }()
	go func() { time.Sleep(time.Hour) }()
	go func() { select {} }()
	go func() {
		runtime.LockOSThread()
		<-make(chan int)
	}()
	go pprof.Do(context.Background(), pprof.Labels("request", "/api, v1"),
		func(context.Context) { <-make(chan int) })
	if len(os.Args) > 2 {
		stop := make(chan bool)
		count, _ := strconv.Atoi(os.Args[2])
		for i := 0; i < count; i++ {
			go park(stop)
		}
	}
	fmt.Println(listener.Addr())
	http.Serve(listener, nil)
}
