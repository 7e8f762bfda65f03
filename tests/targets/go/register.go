// SPDX-License-Identifier: MIT

// Every waiter is answered within milliseconds; until then the channel of the answer is in
// a register of the goroutine that works on it, and nowhere else. Usage: register CLIENTS
// LEAKED [STEPS]: the number of clients, of goroutines that are really leaked, and of steps of
// work for an answer, 0 for ever. Prints "ready".
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

//go:noinline
func work(answer chan int, steps uint64) {
	x := steps
	for i := uint64(1); i != steps; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	answer <- int(x)
}

//go:noinline
func ask(done chan bool, steps uint64) {
	answer := make(chan int)
	go work(answer, steps)
	<-answer
	done <- true
}

func client(steps uint64) {
	done := make(chan bool)
	for {
		go ask(done, steps)
		<-done
	}
}

func leaked(c chan int) { <-c }

func main() {
	clients, _ := strconv.Atoi(os.Args[1])
	leaks, _ := strconv.Atoi(os.Args[2])
	steps := 3000000
	if len(os.Args) > 3 {
		steps, _ = strconv.Atoi(os.Args[3])
	}
	for i := 0; i < leaks; i++ {
		go leaked(make(chan int))
	}
	for i := 0; i < clients; i++ {
		go client(uint64(steps))
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	for {
		time.Sleep(time.Second)
	}
}
