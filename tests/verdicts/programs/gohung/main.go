// SPDX-License-Identifier: MIT

// hung KIND [SECONDS] in Go: what hangs has a function hung… on its stack.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var history = 5 * time.Second
var sink int
var server net.Conn // kept: what nothing has is closed

// Collects garbage as a program at work does: only then does Go note since when one waits.
func rest() {
	for {
		time.Sleep(time.Second)
		runtime.GC()
	}
}

//go:noinline
func hungSend(c chan int) { c <- 1 }

//go:noinline
func hungLock(l sync.Locker) {
	l.Lock()
	sink++
}

//go:noinline
func hungReceive(c chan int) { sink += <-c }

//go:noinline
func hungSelect(a, b chan int) {
	select {
	case v := <-a:
		sink += v
	case b <- 1:
	}
}

//go:noinline
func hungWait(group *sync.WaitGroup) { group.Wait() }

//go:noinline
func hungTake(first, second *sync.Mutex) {
	first.Lock()
	time.Sleep(300 * time.Millisecond)
	second.Lock()
	sink++
}

// A worker asks inside of each request; its answers stop.
//
//go:noinline
func hungAsk(replies chan int) int { return <-replies }

//go:noinline
func load(replies chan int, job int) { sink += hungAsk(replies) + job }

//go:noinline
func handle(replies chan int, job int) {
	for i := 0; i < 2; i++ {
		load(replies, job+i)
	}
	sink++
}

//go:noinline
func hungRead(c net.Conn) {
	var buffer [1]byte
	c.Read(buffer[:])
	sink += int(buffer[0])
}

//go:noinline
func query(c net.Conn) {
	c.Write([]byte("?"))
	hungRead(c)
	sink++
}

//go:noinline
func request(c net.Conn, job int) {
	query(c)
	sink += job
	query(c)
}

func answersUntilOver(give func()) {
	for began := time.Now(); time.Since(began) < history; {
		time.Sleep(20 * time.Millisecond)
		give()
	}
	rest()
}

// Nobody else has what they wait for, once this has returned.
//
//go:noinline
func leave(kind string) {
	switch kind {
	case "receive":
		go hungReceive(make(chan int))
	case "select":
		go hungSelect(make(chan int), make(chan int))
	case "waitgroup":
		group := new(sync.WaitGroup)
		group.Add(1)
		go hungWait(group)
	}
}

func main() {
	if len(os.Args) > 2 {
		seconds, _ := strconv.ParseFloat(os.Args[2], 64)
		history = time.Duration(seconds * float64(time.Second))
	}
	fmt.Println("ready")
	switch os.Args[1] {
	case "send":
		kept := make(chan int)
		go hungSend(kept)
		rest()
		<-kept
	case "full":
		kept := make(chan int, 2)
		kept <- 1
		kept <- 2
		go hungSend(kept)
		rest()
		<-kept
	case "mutex":
		var lock sync.Mutex
		lock.Lock()
		go hungLock(&lock)
		rest()
		lock.Unlock()
	case "rwmutex":
		var lock sync.RWMutex
		lock.RLock()
		go hungLock(&lock)
		rest()
		lock.RUnlock()
	case "abba":
		var a, b sync.Mutex
		go hungTake(&a, &b)
		go hungTake(&b, &a)
		rest()
	case "receive", "select", "waitgroup":
		leave(os.Args[1])
		rest()
	case "no-reply":
		replies := make(chan int)
		go func() {
			for job := 0; ; job++ {
				handle(replies, job)
			}
		}()
		answersUntilOver(func() { replies <- 1 })
	case "tcp-reply":
		listener, _ := net.Listen("tcp", "127.0.0.1:0")
		client, _ := net.Dial("tcp", listener.Addr().String())
		server, _ = listener.Accept()
		go func() {
			for job := 0; ; job++ {
				request(client, job)
			}
		}()
		answersUntilOver(func() { server.Write([]byte("!")) })
	}
	os.Exit(2)
}
