// SPDX-License-Identifier: MIT

// Goroutines with ancestors of several generations, all at rest. A number on the command line
// is the number of families. On SIGUSR1 the program writes the runtime's own dump of them to the
// first argument, with ancestors if GODEBUG=tracebackancestors keeps them.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

func readLoop() { <-make(chan int) }

//go:noinline
func dialConn() {
	go readLoop()
	<-make(chan int)
}

// These two are inlined into their caller.
func roundTrip() { startDial() }
func send()      { roundTrip() }

//go:noinline
func startDial() {
	go dialConn()
}

type job struct{ name string }

func (j *job) run() {
	defer func() { <-make(chan int) }()
	send()
}

//go:noinline
func updateImages() {
	j := &job{"images"}
	go j.run()
	<-make(chan int)
}

//go:noinline
func updateNews() {
	go func() {
		startDial()
		<-make(chan int)
	}()
	<-make(chan int)
}

// So deep that the runtime keeps only a part of its stack.
//
//go:noinline
func climb(depth int) int {
	if depth > 0 {
		return climb(depth-1) + 1
	}
	go readLoop()
	<-make(chan int)
	return 0
}

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	families := 1
	if len(os.Args) > 2 {
		families, _ = strconv.Atoi(os.Args[2])
	}
	for i := 0; i < families; i++ {
		go updateImages()
		go updateNews()
	}
	go climb(200)
	// The first goroutine, families of eight, the climber and its child.
	for runtime.NumGoroutine() < 8*families+3 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	for range asked {
		text := make([]byte, 1<<22)
		text = text[:runtime.Stack(text, true)]
		os.WriteFile(os.Args[1]+".new", text, 0o600)
		os.Rename(os.Args[1]+".new", os.Args[1])
	}
}
