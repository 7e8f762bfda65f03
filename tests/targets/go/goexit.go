// SPDX-License-Identifier: MIT

// A program whose main function ends by runtime.Goexit, as servers do that leave the rest to
// their goroutines: the first goroutine is no longer main. Prints "ready".
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

func deep(n int) int {
	var room [256]byte
	if n > 0 {
		room[n] = byte(deep(n - 1))
	}
	return int(room[0])
}

func after(done chan int) {
	<-done
	// Three take what ended goroutines left, the first one's among it.
	for i := 0; len(os.Args) > 1 && i < 3; i++ {
		go forever(make(chan int))
	}
	time.Sleep(20 * time.Millisecond)
	fmt.Println("ready")
	for {
		time.Sleep(time.Hour)
	}
}

func forever(c chan int) { <-c }

func main() {
	done := make(chan int)
	deep(100) // so that its stack goes at once
	go after(done)
	defer close(done)
	runtime.Goexit()
}
