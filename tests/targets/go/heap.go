// SPDX-License-Identifier: MIT

// Many parked goroutines, half of them leaked, and a heap of linked objects. Usage: heap
// GOROUTINES MEGABYTES. Prints "ready", and the longest gap of a 1 ms ticker in each second
// (gap MICROSECONDS). SIGUSR1: takes the runtime's own profile of leaked goroutines, where
// it has one, and prints how long that took (profile MILLISECONDS LEAKED).
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"strconv"
	"syscall"
	"time"
)

type node struct {
	left, right *node
	value       [6]int
}

var (
	roots []*node
	gate  = make(chan int)
)

func tree(depth int) *node {
	if depth == 0 {
		return nil
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

func leaked(c chan int)  { c <- 1 }
func waiting(c chan int) { <-c }

//go:noinline
func start(count int) {
	for i := 0; i < count/2; i++ {
		go leaked(make(chan int))
		go waiting(gate)
	}
}

func tick() {
	for {
		end := time.Now().Add(time.Second)
		worst, last := time.Duration(0), time.Now()
		for last.Before(end) {
			time.Sleep(time.Millisecond)
			now := time.Now()
			if now.Sub(last) > worst {
				worst = now.Sub(last)
			}
			last = now
		}
		fmt.Println("gap", worst.Microseconds())
	}
}

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	megabytes, _ := strconv.Atoi(os.Args[2])
	for i := 0; i < megabytes; i++ {
		roots = append(roots, tree(14)) // 2^14 nodes of 64 bytes
	}
	start(count)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	time.Sleep(time.Second)
	fmt.Println("ready")
	go tick()
	for range asked {
		profile := pprof.Lookup("goroutineleak")
		if profile == nil {
			fmt.Println("profile none")
			continue
		}
		var out bytes.Buffer
		begin := time.Now()
		profile.WriteTo(&out, 0)
		fmt.Println("profile", time.Since(begin).Milliseconds(), profile.Count())
	}
}
