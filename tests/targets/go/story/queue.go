// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"sync"
	"time"
)

type event struct{ payload []byte }

// Keeps the last events of each batch, as it believes. A slice of a slice has the whole
// array behind it, with the pointers to all the others. "copies" keeps no more than these.
// Its profiler knows where the events come from.
type queue struct {
	copies  bool
	lock    sync.Mutex
	paused  bool
	batches int
	recent  [][]*event
}

const (
	batchEvents = 100
	eventBytes  = 4 << 10
	keptEvents  = 2
	keptBatches = 10
	mostBatches = 250 // 100 MB
)

func (q *queue) take() {
	batch := make([]*event, 0, batchEvents)
	for i := 0; i < batchEvents; i++ {
		batch = append(batch, &event{bytes.Repeat([]byte{byte(i)}, eventBytes)})
	}
	last := batch[batchEvents-keptEvents:]
	if q.copies {
		last = append([]*event(nil), last...)
	}
	q.recent = append(q.recent, last)
	if q.copies && len(q.recent) > keptBatches {
		q.recent = append([][]*event(nil), q.recent[1:]...)
	}
	q.batches++
}

func (q *queue) run() {
	for {
		time.Sleep(20 * time.Millisecond)
		q.lock.Lock()
		if !q.paused && q.batches < mostBatches {
			q.take()
		}
		q.lock.Unlock()
	}
}

func (q *queue) begin(arguments []string) {
	q.copies = arguments[0] == "copies"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println("address", listener.Addr())
	go http.Serve(listener, nil)
	go q.run()
}

func (q *queue) pause() {
	q.lock.Lock()
	q.paused = true
	q.lock.Unlock()
}

func (q *queue) tell(f facts) {
	q.lock.Lock()
	defer q.lock.Unlock()
	f["batches"], f["kept"] = q.batches, len(q.recent)*keptEvents
}
