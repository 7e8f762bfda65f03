// SPDX-License-Identifier: MIT

// One goroutine for each thing that a goroutine can wait for, all at rest. SIGUSR1 makes it
// write what the runtime itself says of them to the file that is named on the command line.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

// Goes on running, as the one goroutine that does.
func spin() {
	for i := 0; ; i++ {
	}
}

type waiter interface{ wait(<-chan int) }
type square struct{ side int }

//go:noinline
func (s square) wait(c <-chan int) { s.side += <-c }

func chanReceive(c chan int) { <-c }
func chanSend(c chan int)    { c <- 1 }
func nilReceive()            { var c chan int; <-c }
func nilSend()               { var c chan int; c <- 1 }
func selectTwo(a, b chan int) {
	select {
	case <-a:
	case b <- 2:
	}
}
func selectNone() { select {} }
func sleeper()    { time.Sleep(time.Hour) }
func lockMutex(m *sync.Mutex) {
	m.Lock()
	m.Unlock()
}
func readLock(m *sync.RWMutex) {
	m.RLock()
	m.RUnlock()
}
func writeLock(m *sync.RWMutex) {
	m.Lock()
	m.Unlock()
}
func waitGroup(w *sync.WaitGroup) { w.Wait() }
func waitCond(c *sync.Cond) {
	c.L.Lock()
	c.Wait()
}
func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}
func serve(c net.Conn) {
	var b [1]byte
	c.Read(b[:])
}
func readPipe(fd int) {
	var b [1]byte
	syscall.Read(fd, b[:])
}

// Through a method that the compiler makes, which no stack shows.
func viaInterface(s waiter, c <-chan int) { s.wait(c) }

func inlinedOuter(c chan int) { inlinedInner(c) }
func inlinedInner(c chan int) {
	if c != nil {
		<-c
	}
}

//go:noinline
func deep(n int, c chan int) int {
	var room [64]int
	if n == 0 {
		return <-c
	}
	room[n&63] = n
	return deep(n-1, c) + room[n&63]
}

func tied(c chan int) {
	runtime.LockOSThread()
	<-c
}

func generic[T any](c chan T) { <-c }

// A nil pointer is dereferenced, and the goroutine blocks in the deferred call.
func deferred(c chan int) {
	defer func() {
		recover()
		<-c
	}()
	var p *int
	*p = 1
}

func labelled(c chan int) {
	pprof.Do(context.Background(), pprof.Labels("request", "/api/7", "user", "ann"),
		func(context.Context) { chanReceive(c) })
}

func startChannels() {
	empty := make(chan int)
	full := make(chan int, 2)
	full <- 1
	full <- 1
	go chanReceive(empty)
	go chanSend(full)
	go chanSend(full)
	go nilReceive()
	go nilSend()
	go selectTwo(empty, full)
	go selectNone()
	go viaInterface(&square{1}, empty)
	go inlinedOuter(empty)
	go deep(30, empty)
	go generic(make(chan string))
	go generic(make(chan [3]int))
	go deferred(empty)
	go tied(empty)
	go labelled(empty)
}

func startLocks() {
	mutex := new(sync.Mutex)
	mutex.Lock()
	go lockMutex(mutex)
	written := new(sync.RWMutex)
	written.Lock()
	go readLock(written)
	read := new(sync.RWMutex)
	read.RLock()
	go writeLock(read)
	group := new(sync.WaitGroup)
	group.Add(3)
	go waitGroup(group)
	go waitCond(sync.NewCond(new(sync.Mutex)))
	fmt.Printf("mutex %p\nwritten %p\nread %p\ngroup %p\n", mutex, written, read, group)
}

// Not to be collected, which would close it.
var kept net.Conn

func startFiles() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("listen", l.Addr())
	go accept(l)
	if kept, err = net.Dial("tcp", l.Addr().String()); err != nil {
		panic(err)
	}
	var fds [2]int
	syscall.Pipe(fds[:])
	go readPipe(fds[0])
	go sleeper()
}

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	startChannels()
	startLocks()
	startFiles()
	if len(os.Args) > 2 {
		go spin()
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
