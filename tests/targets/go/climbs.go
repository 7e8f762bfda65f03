// SPDX-License-Identifier: MIT

// Leaks and what only looks like one, over time. Usage: climbs STORY MILLISECONDS: something
// happens at this interval, until it is killed. Prints "ready" before the first.
package main

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

type product struct{ name string }

// Sends products as long as they are received, which the handler does not do.
func newProducer() <-chan product {
	products := make(chan product)
	go func() {
		for i := 0; ; i++ {
			products <- product{"no. " + strconv.Itoa(i)}
		}
	}()
	return products
}

// The same, but it stops waiting after a time.
func newPatientProducer() <-chan product {
	products := make(chan product)
	go func() {
		for i := 0; ; i++ {
			select {
			case products <- product{"no. " + strconv.Itoa(i)}:
			case <-time.After(200 * time.Millisecond):
				return
			}
		}
	}()
	return products
}

func endpoint(produce func() <-chan product) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		products := produce()
		for i := 0; i < 3; i++ {
			fmt.Fprintln(w, (<-products).name)
		}
	}
}

// Answers at once and ends when the client goes, which one that forgets the body never does.
func endless(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "the first of many lines")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func serve(handler http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, handler)
	return "http://" + l.Addr().String()
}

func get(url string) {
	response, err := http.Get(url)
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
}

// The body is neither read nor closed.
func forgetBody(url string) {
	if _, err := http.Get(url); err != nil {
		panic(err)
	}
}

var beats atomic.Int64

// An agent that reconnects starts a heartbeat each time and never ends the old one.
func heartbeat(timer *time.Timer) {
	<-timer.C
	beats.Add(1)
}

func reconnectAgent() { go heartbeat(time.NewTimer(time.Hour)) }

// Each subscription refreshes itself by a ticker that is never stopped.
func refresh(ticker *time.Ticker) {
	for range ticker.C {
		beats.Add(1)
	}
}

func subscribe() { go refresh(time.NewTicker(70 * time.Millisecond)) }

// The channel was never made.
func forget(results chan int) { <-results }

var jobs = make(chan func())

func worker() {
	for job := range jobs {
		job()
	}
}

// A worker for each job until there are enough.
func newPool(most int) func() {
	started := 0
	return func() {
		if started < most {
			started++
			go worker()
		}
		jobs <- func() { time.Sleep(time.Millisecond) }
	}
}

func session(life time.Duration) { time.Sleep(life) }

// Twice as many sessions by day as by night; a day lasts three seconds.
func newDay() func() {
	began := time.Now()
	return func() {
		tide := 1 - math.Cos(2*math.Pi*time.Since(began).Seconds()/3)
		for i := 0; i < 2+int(4*tide); i++ {
			go session(300 * time.Millisecond)
		}
	}
}

func main() {
	pause, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	var happen func()
	switch os.Args[1] {
	case "producer":
		url := serve(endpoint(newProducer))
		happen = func() { get(url) }
	case "fixed":
		url := serve(endpoint(newPatientProducer))
		happen = func() { get(url) }
	case "agents":
		happen = reconnectAgent
	case "bodies":
		url := serve(http.HandlerFunc(endless))
		happen = func() { forgetBody(url) }
	case "tickers":
		happen = subscribe
	case "nil":
		go forget(nil)
		happen = func() {}
	case "pool":
		happen = newPool(20)
	case "day":
		happen = newDay()
	case "day-leak":
		day := newDay()
		happen = func() {
			day()
			go session(time.Hour)
		}
	case "steps":
		count := 0
		happen = func() {
			if count++; count%20 == 0 {
				for i := 0; i < 16; i++ {
					reconnectAgent()
				}
			}
		}
	}
	fmt.Println("ready")
	for {
		happen()
		time.Sleep(time.Duration(pause) * time.Millisecond)
	}
}
