// SPDX-License-Identifier: MIT

// Thousands of goroutines start and end per second, stacks grow, others pass a value to and
// fro as fast as they can, and the garbage collector runs all the time. 200 stay parked.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

var started atomic.Int64

func short(c chan int) { started.Add(1); c <- 1 }

func grow(n int) int {
	var room [256]byte
	if n == 0 {
		return int(room[0])
	}
	return grow(n-1) + int(room[n&255])
}

func burst(w *sync.WaitGroup) {
	defer w.Done()
	grow(50)
}

func spawner(c chan int) {
	for {
		for i := 0; i < 20; i++ {
			go short(c)
		}
		for i := 0; i < 20; i++ {
			<-c
		}
		var w sync.WaitGroup
		w.Add(5)
		for i := 0; i < 5; i++ {
			go burst(&w)
		}
		w.Wait()
	}
}

func pingPong(a, b chan int) {
	for {
		b <- <-a
	}
}

func parked(c chan int) { <-c }

func collector() {
	for {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	for i := 0; i < 200; i++ {
		go parked(make(chan int))
	}
	for i := 0; i < 2; i++ {
		go spawner(make(chan int))
	}
	a, b := make(chan int), make(chan int)
	go pingPong(a, b)
	go pingPong(b, a)
	a <- 1
	go collector()
	for {
		time.Sleep(100 * time.Millisecond)
		fmt.Fprintln(os.Stderr, "started", started.Load())
	}
}
