// SPDX-License-Identifier: MIT

// Goroutines that nothing can wake, and others that only look like them: those of the type
// leak are leaked, those of the type alive are not. They are started by functions that have
// returned, as handlers do. SIGUSR1 writes the runtime's own profile of leaked goroutines to
// the file that is named on the command line, where the runtime has one.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

type leak struct{}
type alive struct{}

var (
	globalChan  = make(chan int)
	globalMap   = map[string]chan int{}
	globalMutex sync.Mutex
	globalGroup sync.WaitGroup
	globalFunc  func()
	globalAny   []interface{}
	timers      []*time.Timer
)

// Many, as one address may be left over somewhere.
const many = 10

func (leak) sender(c chan int)    { c <- 1 }
func (leak) receiver(c chan int)  { <-c }
func (leak) pointers(c chan *int) { c <- new(int) }
func (leak) full(c chan string)   { c <- "x" }
func (leak) ranging(c chan int) {
	for range c {
	}
}
func (leak) nilSender(c chan int)   { c <- 1 }
func (leak) nilReceiver(c chan int) { <-c }
func (leak) noCases()               { select {} }
func (leak) selecting(a, b chan int) {
	select {
	case <-a:
	case b <- 1:
	}
}
func (leak) locking(m *sync.Mutex)            { m.Lock() }
func (leak) reading(m *sync.RWMutex)          { m.RLock() }
func (leak) writing(m *sync.RWMutex)          { m.Lock() }
func (leak) grouped(g *sync.WaitGroup)        { g.Wait() }
func (leak) signalled(c *sync.Cond)           { c.L.Lock(); c.Wait() }
func (leak) holder(m *sync.Mutex, c chan int) { m.Lock(); <-c }
func (leak) chained(in, out chan int)         { out <- <-in }
func (leak) cancelled(c context.Context)      { <-c.Done() }
func (leak) parent(c chan int)                { go leak{}.sender(c); <-make(chan int); runtime.KeepAlive(c) }

func (alive) global()                    { <-globalChan }
func (alive) mapped(c chan int)          { <-c }
func (alive) closure(c chan int)         { <-c }
func (alive) boxed(c chan int)           { <-c }
func (alive) timer(c <-chan time.Time)   { <-c }
func (alive) after()                     { <-time.After(time.Hour) }
func (alive) afterFunc(c chan int)       { <-c }
func (alive) deadline(c context.Context) { <-c.Done() }
func (alive) ticking(t *time.Ticker) {
	for range t.C {
	}
}
func (alive) finalized(c chan int)      { <-c }
func (alive) notified(c chan os.Signal) { <-c }
func (alive) child(c chan int)          { c <- 1 }
func (alive) parent(c chan int)         { time.Sleep(time.Hour); <-c }
func (alive) locked()                   { globalMutex.Lock() }
func (alive) grouped()                  { globalGroup.Wait() }
func (alive) queued(c chan int)         { <-c }
func (alive) chained(in, out chan int)  { out <- <-in }
func (alive) deferred(c chan int)       { <-c }
func (alive) deferring(c chan int) {
	for i := 0; i < 2; i++ { // in a loop: the record is on the heap
		defer func() { close(c) }()
		c = make(chan int)
	}
	time.Sleep(time.Hour)
}

type node struct {
	next *node
	c    chan int
}

//go:noinline
func startLeaks() {
	go leak{}.sender(make(chan int))
	go leak{}.receiver(make(chan int))
	go leak{}.pointers(make(chan *int))
	full := make(chan string, 2)
	full <- "a"
	full <- "b"
	go leak{}.full(full)
	go leak{}.ranging(make(chan int))
	go leak{}.nilSender(nil)
	go leak{}.nilReceiver(nil)
	go leak{}.noCases()
	go leak{}.selecting(make(chan int), make(chan int))
}

type locks struct {
	mutex sync.Mutex
	rw    sync.RWMutex
	group sync.WaitGroup
	pad   *int // in objects with pointers, as in most programs
}

//go:noinline
func startLocks() {
	l := &locks{}
	l.mutex.Lock()
	l.rw.Lock()
	l.group.Add(1)
	go leak{}.locking(&l.mutex)
	go leak{}.reading(&l.rw)
	go leak{}.writing(&l.rw)
	go leak{}.grouped(&l.group)
	go leak{}.signalled(sync.NewCond(&sync.Mutex{}))
	held := &locks{}
	go leak{}.holder(&held.mutex, make(chan int))
	go func() {
		time.Sleep(50 * time.Millisecond)
		go leak{}.locking(&held.mutex)
	}()
}

//go:noinline
func startChains() {
	a, b, c := make(chan int), make(chan int), make(chan int)
	go leak{}.chained(a, b)
	go leak{}.chained(b, c)
	go leak{}.chained(c, a)
	ctx, cancel := context.WithCancel(context.Background())
	go leak{}.cancelled(ctx)
	_ = cancel
	go leak{}.parent(make(chan int))
}

//go:noinline
func startAlive() {
	a := alive{}
	go a.global()
	m := make(chan int)
	globalMap[fmt.Sprint(len(globalMap))] = m
	go a.mapped(m)
	c := make(chan int)
	before := globalFunc
	globalFunc = func() { close(c); before() }
	go a.closure(c)
	boxed := make(chan int)
	globalAny = append(globalAny, &node{&node{nil, boxed}, make(chan int)})
	go a.boxed(boxed)
	t := time.NewTimer(time.Hour)
	timers = append(timers, t)
	go a.timer(t.C)
	go a.after()
	f := make(chan int)
	time.AfterFunc(time.Hour, func() { close(f) })
	go a.afterFunc(f)
	ctx, _ := context.WithTimeout(context.Background(), time.Hour)
	go a.deadline(ctx)
	go a.ticking(time.NewTicker(time.Hour))
}

//go:noinline
func startMoreAlive() {
	a := alive{}
	final := &node{nil, make(chan int)}
	runtime.SetFinalizer(final, func(n *node) { close(n.c) })
	go a.finalized(final.c)
	s := make(chan os.Signal, 1)
	signal.Notify(s, syscall.SIGUSR2)
	go a.notified(s)
	child := make(chan int)
	go a.parent(child)
	go a.child(child)
	go a.locked()
	go a.grouped()
	queue := make(chan chan int, 4)
	queued := make(chan int)
	queue <- queued
	globalAny = append(globalAny, queue)
	go a.queued(queued)
	in, out := make(chan int), make(chan int)
	globalMap[fmt.Sprint(len(globalMap))] = in
	go a.chained(in, out)
	go a.chained(out, make(chan int))
	later := make(chan int)
	go a.deferring(later)
}

// What is in registers and dead frames of main is overwritten.
//
//go:noinline
func useStack(depth int) int {
	var room [64]int
	if depth > 0 {
		room[depth%64] = useStack(depth - 1)
	}
	return room[0] + depth
}

func main() {
	globalFunc = func() {}
	globalMutex.Lock()
	globalGroup.Add(1)
	for i := 0; i < many; i++ {
		startLeaks()
		startLocks()
		startChains()
		startAlive()
		startMoreAlive()
	}
	useStack(100)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	for range asked {
		profile := pprof.Lookup("goroutineleak")
		file, err := os.Create(os.Args[1] + ".new")
		if err == nil && profile != nil {
			profile.WriteTo(file, 2)
		}
		file.Close()
		os.Rename(os.Args[1]+".new", os.Args[1])
	}
}
