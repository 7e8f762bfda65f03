// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

const (
	pingEvery  = 25 * time.Second
	idleLimit  = 10 * time.Minute
	openEvery  = 20 * time.Millisecond
	neverStops = "never-stops"
	pings      = "pings"
)

// A server of connections that stay open for a while, like websockets: each has a ticker for
// its pings. "never-stops" forgets the ticker when the connection ends, "stops" does not, and
// "pings" has a goroutine for the pings that does not end with the connection.
type sockets struct {
	how                    string
	opened, ended, tickers int64
	paused                 int32
}

type socket struct {
	*sockets
	conn net.Conn
	ping *time.Ticker
	idle *time.Timer
}

func (s *socket) tooLong() { s.conn.Close() }

// Pings for as long as somebody ticks; nobody ever stops it.
func (s *socket) pingLoop() {
	for range s.ping.C {
		fmt.Fprintln(s.conn, "ping")
	}
}

func (s *socket) serve() {
	defer atomic.AddInt64(&s.ended, 1)
	defer s.conn.Close()
	defer s.idle.Stop()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(s.conn); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	ticks := s.ping.C
	if s.how == pings {
		go s.pingLoop()
		ticks = nil
	}
	for {
		select {
		case <-ticks:
			fmt.Fprintln(s.conn, "ping")
		case line, open := <-lines:
			if !open {
				if s.how == "stops" {
					s.ping.Stop()
					atomic.AddInt64(&s.tickers, -1)
				}
				return
			}
			fmt.Fprintln(s.conn, line)
		}
	}
}

func (s *sockets) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		check(err)
		atomic.AddInt64(&s.opened, 1)
		atomic.AddInt64(&s.tickers, 1)
		one := &socket{sockets: s, conn: conn, ping: time.NewTicker(pingEvery)}
		one.idle = time.AfterFunc(idleLimit, one.tooLong)
		go one.serve()
	}
}

// A visitor says something, waits for the answer and leaves.
func (s *sockets) visit(address string) {
	conn, err := net.Dial("tcp", address)
	check(err)
	defer conn.Close()
	fmt.Fprintln(conn, "hello")
	bufio.NewReader(conn).ReadString('\n')
}

func (s *sockets) begin(arguments []string) {
	s.how = arguments[0]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go s.accept(listener)
	for i := 0; i < 20; i++ {
		s.visit(listener.Addr().String())
	}
	go func() {
		for {
			time.Sleep(openEvery)
			if atomic.LoadInt32(&s.paused) == 0 {
				s.visit(listener.Addr().String())
			}
		}
	}()
}

// Returns when every connection has ended.
func (s *sockets) pause() {
	atomic.StoreInt32(&s.paused, 1)
	time.Sleep(2 * openEvery)
	for atomic.LoadInt64(&s.opened) != atomic.LoadInt64(&s.ended) {
		time.Sleep(time.Millisecond)
	}
}

func (s *sockets) tell(f facts) {
	f["opened"], f["ended"] = atomic.LoadInt64(&s.opened), atomic.LoadInt64(&s.ended)
	f["tickers"] = atomic.LoadInt64(&s.tickers)
}
