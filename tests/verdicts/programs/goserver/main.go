// SPDX-License-Identifier: MIT

// server KIND PORT: healthy programs in Go. KIND: http (keep-alive connections, and a client
// of its own with a pool of them), h2 (the same over TLS with HTTP/2), rpc, workers (on one
// channel), pipeline (stages with a channel each), pubsub (a cond and a context for each).
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/rpc"
	"os"
	"runtime"
	"sync"
	"time"
)

var served struct {
	sync.Mutex
	count int
}

func count() int {
	served.Lock()
	defer served.Unlock()
	served.count++
	return served.count
}

type Arith struct{}

func (Arith) Double(n int, twice *int) error {
	*twice = 2 * n
	return nil
}

// get asks a backend of this program through a client that keeps its connections.
func get(client *http.Client, url string) {
	response, err := client.Get(url)
	if err != nil {
		log.Print(err)
		return
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

func backend(h2 bool) (*http.Client, string) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "part", count()) }))
	if h2 {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	client := server.Client()
	if transport, ok := client.Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost = 20
	}
	return client, server.URL
}

// What a request starts: workers that are all there is.
func workers(jobs, done chan int) {
	for i := 0; i < 8; i++ {
		go func() {
			for job := range jobs {
				time.Sleep(time.Millisecond)
				done <- job
			}
		}()
	}
}

func stages(in chan int) chan int {
	for i := 0; i < 4; i++ {
		out := make(chan int)
		go func(in, out chan int) {
			for v := range in {
				out <- v + 1
			}
		}(in, out)
		in = out
	}
	return in
}

type topic struct {
	sync.Mutex
	changed *sync.Cond
	version int
}

func subscribe(t *topic, ctx context.Context) {
	go func() {
		t.Lock()
		defer t.Unlock()
		for seen := 0; ; seen = t.version {
			for t.version == seen {
				t.changed.Wait()
			}
		}
	}()
	go func() {
		<-ctx.Done()
	}()
}

func handler(kind string) http.HandlerFunc {
	var each func()
	switch kind {
	case "http", "h2":
		client, url := backend(kind == "h2")
		each = func() {
			var group sync.WaitGroup
			for i := 0; i < 3; i++ {
				group.Add(1)
				go func() {
					defer group.Done()
					get(client, url)
				}()
			}
			group.Wait()
		}
	case "rpc":
		rpc.Register(Arith{})
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			log.Fatal(err)
		}
		go rpc.Accept(listener)
		var clients [4]*rpc.Client
		for i := range clients {
			if clients[i], err = rpc.Dial("tcp", listener.Addr().String()); err != nil {
				log.Fatal(err)
			}
		}
		each = func() {
			var twice int
			clients[count()%4].Call("Arith.Double", 21, &twice)
		}
	case "workers":
		jobs, done := make(chan int), make(chan int, 8)
		workers(jobs, done)
		each = func() { jobs <- 1; <-done }
	case "pipeline":
		in := make(chan int)
		out := stages(in)
		each = func() {
			served.Lock()
			defer served.Unlock()
			in <- 1
			<-out
		}
	case "pubsub":
		t := new(topic)
		t.changed = sync.NewCond(t)
		for i := 0; i < 6; i++ {
			subscribe(t, context.Background())
		}
		each = func() {
			t.Lock()
			t.version++
			t.Unlock()
			t.changed.Broadcast()
		}
	default:
		log.Fatal("unknown kind ", kind)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		each()
		fmt.Fprintln(w, "fine", count())
	}
}

func main() {
	// As every server that allocates does.
	go func() {
		for range time.Tick(2 * time.Second) {
			runtime.GC()
		}
	}()
	http.HandleFunc("/", handler(os.Args[1]))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[2], nil))
}
