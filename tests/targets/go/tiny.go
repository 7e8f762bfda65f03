// SPDX-License-Identifier: MIT

// Goroutines that are deadlocked on locks of eight bytes, of which the allocator puts two
// into one block; the first goroutine waits for ever too. Usage: tiny COUNT. Prints "ready".
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

func locked(mutex *sync.Mutex) {
	mutex.Lock()
	mutex.Lock()
}

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	go func() {
		for {
			time.Sleep(time.Hour)
		}
	}()
	for i := 0; i < count; i++ {
		go func() {
			go locked(&sync.Mutex{})
		}()
	}
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	<-make(chan int)
}
