// SPDX-License-Identifier: MIT

// Four stories of servers, each with the truth about itself: "jobs" forgets the bodies of one
// of its periodic jobs, "sockets" never stops the tickers of its connections, "queue" keeps
// old pointers, and "proxy" has had a load. Usage: story NAME FILE [ARGUMENT…]. It prints
// "ready", and for every SIGUSR1 it stops what goes on, and for every SIGUSR2 it only writes
// to FILE what it knows of its own objects. "story serve" and "story load" are the other
// sides of jobs and proxy.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// What a story knows of its objects.
type facts map[string]interface{}

type story interface {
	begin(arguments []string)
	pause()
	tell(facts)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// The words of tests/e2e/go_heap_compare.py.
func tellHeap(f facts) {
	var stats runtime.MemStats

	runtime.ReadMemStats(&stats)
	f["alloc"], f["in_use"] = stats.HeapAlloc, stats.HeapInuse
	f["idle"], f["returned"] = stats.HeapIdle-stats.HeapReleased, stats.HeapReleased
	f["stacks"], f["goal"] = stats.StackInuse, stats.NextGC
	f["collections"], f["last_gc"], f["pause"] = stats.NumGC, stats.LastGC, stats.PauseTotalNs
	f["goroutines"] = runtime.NumGoroutine()
}

func write(path string, f facts) {
	file, err := os.Create(path + ".new")
	check(err)
	check(json.NewEncoder(file).Encode(f))
	check(file.Close())
	check(os.Rename(path+".new", path))
}

func main() {
	stories := map[string]story{
		"jobs": &jobs{}, "sockets": &sockets{}, "queue": &queue{}, "proxy": &proxy{},
	}
	name := os.Args[1]
	switch name {
	case "serve":
		serve()
	case "load":
		load(os.Args[2])
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	stories[name].begin(os.Args[3:])
	fmt.Println("ready")
	for {
		if <-signals == syscall.SIGUSR1 {
			stories[name].pause()
			runtime.GC()
		}
		f := facts{}
		stories[name].tell(f)
		tellHeap(f)
		write(os.Args[2], f)
	}
}
