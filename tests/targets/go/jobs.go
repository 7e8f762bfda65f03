// SPDX-License-Identifier: MIT

// Periodic jobs, one of which forgets the bodies of its responses. Usage: jobs MILLISECONDS: the
// length of a minute. The jobs run every 47, 53, 59 and 67 minutes, until the program is killed.
// Prints "ready" before the first.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Larger than what a client reads ahead, smaller than what sockets hold: the server is done with
// it at once, and its connection waits for the next request.
var image = strings.Repeat("x", 20000)

func serveImages() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(minute)
		io.WriteString(w, image)
	}))
	return "http://" + l.Addr().String()
}

var (
	minute   time.Duration
	registry string
)

func read(path string) {
	response, err := http.Get(registry + path)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
}

// A checker looks whether images are up to date.
type checker struct{ images []string }

// The body is neither read nor closed.
func (c *checker) outdated(name string) bool {
	response, err := http.Get(registry + "/v2/" + name)
	return err == nil && response.StatusCode != http.StatusOK
}

func (c *checker) run() {
	for _, name := range c.images {
		c.outdated(name)
	}
}

type mirror struct{}

func (m *mirror) run() {
	for _, name := range []string{"news", "feeds", "issues"} {
		read("/mirror/" + name)
	}
}

type backup struct{}

func (b *backup) run() {
	read("/backup/1")
	time.Sleep(3 * minute)
	read("/backup/2")
}

type report struct{}

func (r *report) run() { read("/report") }

type job interface{ run() }

func every(minutes time.Duration, j job) {
	for range time.Tick(minutes * minute) {
		j.run()
	}
}

func main() {
	milliseconds, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	minute = time.Duration(milliseconds) * time.Millisecond
	registry = serveImages()
	go every(47, &mirror{})
	go every(53, &checker{[]string{"alpine", "debian", "golang"}})
	go every(59, &backup{})
	go every(67, &report{})
	fmt.Println("ready")
	select {}
}
