// SPDX-License-Identifier: MIT

// Leaks as they happen in servers. Usage: stories producer|fixed|agents|bodies COUNT; prints
// "ready" when everything that will leak has leaked.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

type product struct{ name string }

var finished atomic.Int64

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
		defer finished.Add(1)
		for i := 0; ; i++ {
			select {
			case products <- product{"no. " + strconv.Itoa(i)}:
			case <-time.After(300 * time.Millisecond):
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

func serve(handler http.Handler) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, handler)
	return "http://" + l.Addr().String()
}

// As a client should: nothing of it stays.
func get(url string) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		panic(err)
	}
	response.Body.Close()
}

// As a client should not: the body is neither read nor closed.
func forget(url string) {
	if _, err := http.Get(url); err != nil {
		panic(err)
	}
}

// An agent that reconnects starts a heartbeat each time and never ends the old one.
type agent struct{ beats atomic.Int64 }

func (a *agent) heartbeat(ticker *time.Ticker) {
	for range ticker.C {
		a.beats.Add(1)
	}
}

func (a *agent) connect() { go a.heartbeat(time.NewTicker(time.Hour)) }

func main() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	switch os.Args[1] {
	case "producer":
		url := serve(endpoint(newProducer))
		for i := 0; i < count; i++ {
			get(url)
		}
	case "fixed":
		url := serve(endpoint(newPatientProducer))
		for i := 0; i < count; i++ {
			get(url)
		}
		for finished.Load() < int64(count) {
			time.Sleep(10 * time.Millisecond)
		}
	case "agents":
		a := new(agent)
		for i := 0; i < count; i++ {
			a.connect()
		}
	case "bodies":
		large := make([]byte, 32<<20) // more than sockets hold
		url := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Write(large)
		}))
		for i := 0; i < count; i++ {
			forget(url)
		}
	}
	time.Sleep(200 * time.Millisecond)
	fmt.Println("ready")
	select {}
}
