// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	proxyBuffer = 96 << 10
	loadConns   = 250
	loadBytes   = 256 << 10
)

// A proxy with a buffer for each direction of each connection. The first line of a client
// names the server.
type proxy struct {
	address string
	served  int64
	open    int64
}

type discard struct{}

func (discard) Write(bytes []byte) (int, error) { return len(bytes), nil }

func pump(to, from net.Conn, done *sync.WaitGroup) {
	defer done.Done()
	// Without these types, the connections copy without the buffer.
	io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, proxyBuffer))
	to.(*net.TCPConn).CloseWrite()
}

func (p *proxy) connect(client net.Conn) {
	defer client.Close()
	defer atomic.AddInt64(&p.open, -1)
	var line []byte
	for one := make([]byte, 1); len(line) == 0 || line[len(line)-1] != '\n'; line = append(line, one...) {
		if _, err := client.Read(one); err != nil {
			return
		}
	}
	server, err := net.Dial("tcp", strings.TrimSpace(string(line)))
	if err != nil {
		return
	}
	defer server.Close()
	var done sync.WaitGroup
	done.Add(2)
	go pump(server, client, &done)
	go pump(client, server, &done)
	done.Wait()
	atomic.AddInt64(&p.served, 1)
}

func (p *proxy) begin(arguments []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	// With a constant goal the runtime holds as many pages as it last used.
	if arguments[0] == "holds" {
		debug.SetGCPercent(-1)
	}
	fmt.Println("address", listener.Addr())
	go func() {
		for {
			client, err := listener.Accept()
			check(err)
			atomic.AddInt64(&p.open, 1)
			go p.connect(client)
		}
	}()
}

// Returns when every connection has ended.
func (p *proxy) pause() {
	for atomic.LoadInt64(&p.open) > 0 {
		time.Sleep(time.Millisecond)
	}
}

func (p *proxy) tell(f facts) {
	f["served"], f["open"] = atomic.LoadInt64(&p.served), atomic.LoadInt64(&p.open)
}

// The load: many connections through the proxy to a server of this process that sends back
// what it gets. All are open at once, until there is a line on the standard input.
func load(address string) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			conn, err := echo.Accept()
			check(err)
			go func() {
				io.Copy(conn, conn)
				conn.(*net.TCPConn).CloseWrite()
			}()
		}
	}()
	var opened, ended sync.WaitGroup
	goOn := make(chan struct{})
	opened.Add(loadConns)
	ended.Add(loadConns)
	for i := 0; i < loadConns; i++ {
		go func() {
			defer ended.Done()
			conn, err := net.Dial("tcp", address)
			check(err)
			defer conn.Close()
			fmt.Fprintf(conn, "%s\nhello\n", echo.Addr())
			reader := bufio.NewReader(conn)
			reader.ReadString('\n')
			opened.Done()
			<-goOn
			go func() {
				conn.Write(make([]byte, loadBytes))
				conn.(*net.TCPConn).CloseWrite()
			}()
			reader.WriteTo(discard{})
		}()
	}
	opened.Wait()
	fmt.Println("open")
	bufio.NewReader(os.Stdin).ReadString('\n')
	close(goOn)
	ended.Wait()
	fmt.Println("over")
	os.Exit(0)
}
