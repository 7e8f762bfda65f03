// SPDX-License-Identifier: MIT

// Ends with goroutines left behind: LEAKED that nothing can wake, and one that the first
// goroutine could have answered. Usage: exits LEAKED return|exit [spin], or exits 0 call
// MILLISECONDS. exit: by os.Exit from another thread, spin: one more, whose channel only a
// register of a running one holds; call: none is left behind, but some wait for a lock of one
// that is in a short call most times, until it ends after MILLISECONDS.
package main

import (
	"os"
	"strconv"
	"sync"
	"time"
)

func leaked(c chan int) { c <- 1 }

func alive(c chan int) { <-c }

func calls(m *sync.Mutex) {
	for {
		m.Lock()
		for i := 0; i < 200; i++ {
			os.ReadFile("/proc/self/status")
		}
		m.Unlock()
	}
}

func spin(c chan int) {
	for x := 1; ; x = x*3 + 2 {
		if x == 0 {
			c <- x
		}
	}
}

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	for i := 0; i < count; i++ {
		go leaked(make(chan int))
	}
	if os.Args[2] == "call" {
		m := new(sync.Mutex)
		for i := 0; i < 3; i++ {
			go calls(m)
		}
		ms, _ := strconv.Atoi(os.Args[3])
		time.Sleep(time.Duration(ms) * time.Millisecond)
		return
	}
	mine := make(chan int)
	go alive(mine)
	if len(os.Args) > 3 {
		c := make(chan int)
		go alive(c)
		go spin(c)
	}
	time.Sleep(100 * time.Millisecond)
	if os.Args[2] == "exit" {
		os.Exit(3)
	}
	if time.Now().Year() < 2000 {
		mine <- 1
	}
}
