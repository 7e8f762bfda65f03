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

func inLibrary(c chan int)        { <-c }
func onLibraryLock(m *sync.Mutex) { m.Lock() }

//export Start
func Start() {
	lock.Lock()
	go inLibrary(never)
	go onLibraryLock(&lock)
}

func main() {}
