// SPDX-License-Identifier: MIT

// A busy server: requests wait for their answer for a second or
// so, while what leads to them moves all the time: through channels, maps, lists, stacks,
// closures and new objects. Usage: hops REQUESTS MEGABYTES LEAKED; as many more
// goroutines as LEAKED says are really leaked. Prints "ready".
package main

import (
	"container/list"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type request struct {
	answer  chan int
	expires time.Time
	hops    int
}

type envelope struct {
	inner *request
	pad   [6]int
}

var (
	queues [8]chan *envelope
	shelf  sync.Map
	lines  [4]struct {
		sync.Mutex
		list list.List
	}
	ballast []*envelope
)

func (r *request) wait() { <-r.answer }

func leaked(c chan int) { <-c }

func serve(requests int) {
	for i := 0; i < requests; i++ {
		go func() {
			for {
				r := &request{answer: make(chan int), expires: time.Now().Add(time.Duration(500+rand.Intn(2000)) * time.Millisecond)}
				queues[rand.Intn(len(queues))] <- &envelope{inner: r}
				r.wait()
			}
		}()
	}
}

// Takes it out of one place and puts it into another; it is in one place only at a time.
func hop(e *envelope) {
	r := e.inner
	if time.Now().After(r.expires) {
		close(r.answer)
		return
	}
	r.hops++
	switch rand.Intn(4) {
	case 0:
		queues[rand.Intn(len(queues))] <- &envelope{inner: r}
	case 1:
		key := rand.Int()
		shelf.Store(key, &envelope{inner: r})
	case 2:
		line := &lines[rand.Intn(len(lines))]
		line.Lock()
		line.list.PushBack(&envelope{inner: r})
		line.Unlock()
	case 3:
		done := func() { hop(&envelope{inner: r}) }
		runtime.Gosched()
		done()
	}
}

func worker(queue chan *envelope) {
	for e := range queue {
		hop(e)
	}
}

func sweep() {
	for {
		shelf.Range(func(key, value interface{}) bool {
			if v, ok := shelf.Load(key); ok {
				shelf.Delete(key)
				hop(v.(*envelope))
			}
			return true
		})
		for i := range lines {
			lines[i].Lock()
			front := lines[i].list.Front()
			if front != nil {
				lines[i].list.Remove(front)
			}
			lines[i].Unlock()
			if front != nil {
				hop(front.Value.(*envelope))
			}
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func main() {
	requests, _ := strconv.Atoi(os.Args[1])
	megabytes, _ := strconv.Atoi(os.Args[2])
	for i := 0; i < megabytes<<20/64; i++ {
		ballast = append(ballast, &envelope{})
	}
	for i := range queues {
		queues[i] = make(chan *envelope, 4*requests)
		go worker(queues[i])
	}
	go sweep()
	leaks, _ := strconv.Atoi(os.Args[3])
	for i := 0; i < leaks; i++ {
		go leaked(make(chan int))
	}
	serve(requests)
	time.Sleep(500 * time.Millisecond)
	fmt.Println("ready")
	for {
		time.Sleep(time.Hour)
	}
}
