// SPDX-License-Identifier: MIT

// A program that knows its timers: per session a ticker that nothing receives from and a
// timer that calls a method, and a few others. Some open sessions all the time: "grow" never
// stops their tickers, "jitter" neither, which all have other periods, "forget" never stops
// their other timers, and "steady" stops both.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

type session struct {
	ticker *time.Ticker
	idle   *time.Timer
}

func (s *session) expire() {}

var (
	sessions []*session
	kept     []interface{}
)

func open(period time.Duration) *session {
	s := &session{ticker: time.NewTicker(period)}
	s.idle = time.AfterFunc(time.Hour, s.expire)
	sessions = append(sessions, s)
	return s
}

func (s *session) end() {
	s.ticker.Stop()
	s.idle.Stop()
}

func others() {
	for i := 0; i < 7; i++ {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Hour)
		kept = append(kept, ctx, cancel)
		go time.Sleep(time.Hour)
	}
	for i := 0; i < 3; i++ {
		waited := time.NewTicker(2 * time.Hour)
		go func() {
			for range waited.C {
			}
		}()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	for i := 0; i < 4; i++ {
		client, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			panic(err)
		}
		server, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		server.SetReadDeadline(time.Now().Add(time.Hour))
		kept = append(kept, client, server)
	}
}

func main() {
	count, _ := strconv.Atoi(os.Args[2])
	for i := 0; i < count; i++ {
		open(90 * time.Minute)
	}
	for _, s := range sessions[:count/10] {
		s.end()
	}
	quick := time.NewTicker(time.Millisecond)
	others()
	// Since Go 1.23 nothing is in the channel until it is received.
	for i := 0; len(quick.C) == 0 && i < 100; i++ {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("ready", count-count/10)
	for os.Args[1] != "fixed" {
		time.Sleep(20 * time.Millisecond)
		period := 5 * time.Second
		if os.Args[1] == "jitter" {
			period += time.Duration(len(sessions)%500) * time.Millisecond
		}
		s := open(period)
		switch os.Args[1] {
		case "grow", "jitter":
			s.idle.Stop()
		case "forget":
			s.ticker.Stop()
		default:
			sessions[0].end()
			sessions = sessions[1:]
		}
	}
	time.Sleep(3 * time.Hour)
}
