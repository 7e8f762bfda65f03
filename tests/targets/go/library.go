// SPDX-License-Identifier: MIT

// A library for programs in other languages, or a plugin of a Go program: Start leaves two
// goroutines, one on a channel and one on a lock.
package main

import "C"

import "sync"

var (
	never = make(chan int)
	lock  sync.Mutex
)

// The goroutine that runs this ends in a library: its stack, which has grown, goes at once.
func init() { deep(100) }

func deep(n int) int {
	var room [256]byte
	if n > 0 {
		room[n] = byte(deep(n - 1))
	}
	return int(room[0])
}

func inLibrary(c chan int)        { <-c }
func onLibraryLock(m *sync.Mutex) { m.Lock() }

//export Start
func Start() {
	lock.Lock()
	go inLibrary(never)
	go onLibraryLock(&lock)
}

func main() {}
