// SPDX-License-Identifier: MIT

// Three stories about memory, one by its name: "pointers" keeps a queue whose array still
// points to the jobs that were taken from it, "proxy" answers a load and is idle again,
// "goroutines" leaks goroutines with deep stacks. Each SIGUSR1 runs the story once, and each
// SIGUSR2 only writes what the runtime says of its heap to the named file.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
)

type job struct{ payload []byte }

var (
	queue   = make([]*job, 0, 1<<20)
	cache   [][]byte
	never   = make(chan struct{})
	arrived sync.WaitGroup
	sink    [][]byte
)

func keepPointers() {
	for i := 0; i < 4000; i++ {
		queue = append(queue, &job{make([]byte, 16<<10)})
	}
	queue = queue[4000:]
}

func proxyLoad() {
	var group sync.WaitGroup
	buffers := make([][]byte, 2048)
	for i := range buffers {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			buffers[i] = make([]byte, 48<<10)
			buffers[i][0] = byte(i)
		}(i)
	}
	group.Wait()
	sink = buffers
	sink = nil
}

//go:noinline
func deep(left int) byte {
	var frame [1024]byte
	frame[left] = byte(left)
	if left > 0 {
		return deep(left-1) + frame[left]
	}
	arrived.Done()
	<-never
	return frame[0]
}

func leakGoroutines() {
	arrived.Add(2000)
	for i := 0; i < 2000; i++ {
		go deep(9)
	}
	arrived.Wait()
}

func say(path string, number int) {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	file, err := os.Create(path + ".new")
	if err != nil {
		panic(err)
	}
	json.NewEncoder(file).Encode(map[string]interface{}{
		"number": number, "alloc": stats.HeapAlloc, "in_use": stats.HeapInuse,
		"idle": stats.HeapIdle - stats.HeapReleased, "returned": stats.HeapReleased,
		"stacks": stats.StackInuse, "goal": stats.NextGC, "collections": stats.NumGC,
		"last_gc": stats.LastGC, "pause": stats.PauseTotalNs,
	})
	file.Close()
	os.Rename(path+".new", path)
}

func main() {
	if os.Args[1] == "proxy" {
		// With a constant goal the runtime holds as many pages as it last used.
		debug.SetGCPercent(-1)
	}
	stories := map[string]func(){
		"pointers": keepPointers, "proxy": proxyLoad, "goroutines": leakGoroutines,
	}
	story, path := stories[os.Args[1]], os.Args[2]
	for i := 0; i < 100; i++ {
		cache = append(cache, make([]byte, 100<<10))
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	runtime.GC()
	runtime.GC()
	say(path, 0)
	fmt.Println("ready")
	for number := 1; ; number++ {
		if <-signals == syscall.SIGUSR1 {
			story()
			runtime.GC()
		}
		say(path, number)
	}
}
