// SPDX-License-Identifier: MIT

// Goroutines that hold objects of known types. Each prints what that is, one line each:
//
//	row ID KIND EXPRESSION	the goroutine ID holds it: a regular expression for "NAME TEXT (WAY)"
//	only ID KIND EXPRESSION	the same, and nothing else of that kind
//	named ID KIND EXPRESSION	the same as row, if the program has debug information
//	never ID KIND EXPRESSION	it holds nothing like that
//	client LOCAL REMOTE FD PATH	a connection, and what was asked on it; its readLoop holds both
//
// When all wait it prints "ready". Usage: held FOLDER, in which it makes a file and a socket.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

var (
	mu    sync.Mutex
	ready sync.WaitGroup
	never = make(chan struct{})
)

func id() string {
	text := make([]byte, 64)
	return "g" + string(bytes.Fields(text[:runtime.Stack(text, false)])[1])
}

func say(format string, arguments ...interface{}) {
	mu.Lock()
	fmt.Printf(format+"\n", arguments...)
	mu.Unlock()
}

func row(kind, format string, arguments ...interface{}) {
	say("row "+id()+" "+kind+" "+format, arguments...)
}

func neverRow(kind, format string, arguments ...interface{}) {
	say("never "+id()+" "+kind+" "+format, arguments...)
}

func fresh(format string, arguments ...interface{}) string {
	return string([]byte(fmt.Sprintf(format, arguments...)))
}

//go:noinline
func use(things ...interface{}) {
	if len(things) > 100 {
		fmt.Println(things...)
	}
}

func wait() {
	ready.Done()
	<-never
}

func start(f func()) {
	ready.Add(1)
	go f()
}

type holder struct {
	name    string
	ctx     context.Context
	timer   *time.Timer
	ticker  *time.Ticker
	lock    sync.Mutex
	readers sync.RWMutex
	group   sync.WaitGroup
	conn    net.Conn
	listen  net.Listener
	file    *os.File
	address *url.URL
	request *http.Request
	inner   struct{ thing fmt.Stringer }
}

// The type of a pointer on the stack is known by the method that has it as receiver.
//
//go:noinline
func (h *holder) wait() {
	wait()
	use(h, h.name)
}

type thing struct {
	label string
	count int
}

func (t *thing) String() string { return t.label }

type key struct{}
type number int

// An object of more than 512 bytes, which the runtime keeps the type with since Go 1.22.
type large struct {
	name    string
	padding [70]uint64
	next    *thing
}

type worker struct {
	name string
	jobs chan int
	log  io.Writer
	next fmt.Stringer
}

//go:noinline
func (w *worker) run() {
	row("value", `\*main.worker {name: "worker of %s", .*next: .*\*main.thing.* \(worker\)`, id())
	row("value", `\*main.thing .*\(worker → next\)`)
	w.name = fresh("worker of %s", id())
	wait()
	w.jobs <- 1
}

// cancelled returns a context whose own state is not that of the one it wraps.
//
//go:noinline
func cancelled() context.Context {
	parent, _ := context.WithTimeout(context.WithValue(context.Background(), number(9), 44), time.Hour)
	ctx, cancel := context.WithCancel(parent)
	cancel()
	return ctx
}

//go:noinline
func waitWith(ctx context.Context) {
	wait()
	use(ctx)
}

//go:noinline
func waitTimed(ticker *time.Ticker, timer *time.Timer) {
	wait()
	use(ticker, timer)
}

func contexts() {
	start(func() {
		say("only " + id() + ` context \*context.cancelCtx cancelled: .*"context canceled", ` +
			`ends in 59m[0-9]+s, main.number\(9\) = 44 \(cancelCtx\)`)
		waitWith(cancelled())
	})
	start(func() {
		base := context.WithValue(context.Background(), key{}, fresh("value of %s", id()))
		ctx, cancel := context.WithTimeout(context.WithValue(base, number(7), 42), time.Hour)
		h := &holder{ctx: ctx}
		row("context", `\*context.timerCtx ends in 59m[0-9]+s, main.number\(7\) = 42, `+
			`main.key = "value of %s", not cancelled \(holder → ctx\)`, id())
		h.wait()
		use(cancel)
	})
	start(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		h := &holder{ctx: ctx}
		row("context", `\*context.cancelCtx cancelled: .*"context canceled" \(holder → ctx\)`)
		h.wait()
	})
	start(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
		<-ctx.Done()
		h := &holder{ctx: ctx}
		row("context", `\*context.timerCtx deadline passed [0-9.]+m?s ago, cancelled: .*deadline exceeded.* \(holder → ctx\)`)
		h.wait()
		use(cancel)
	})
	// Since Go 1.21:
	start(func() {
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), number(8), 43), time.Hour)
		cancel()
		h := &holder{ctx: context.WithoutCancel(ctx)}
		row("context", `\*context.withoutCancelCtx main.number\(8\) = 43, never cancelled \(holder → ctx\)`)
		h.wait()
	})
}

func later() {}

func timers() {
	start(func() {
		ticker, timer := time.NewTicker(90*time.Minute), time.AfterFunc(2*time.Hour, later)
		timer.Stop()
		say("named " + id() + ` timer \*time.Ticker every 1h30m.* \(Ticker\)`)
		say("named " + id() + ` timer \*time.Timer has fired or was stopped, calls main.later \(Timer\)`)
		waitTimed(ticker, timer)
	})
	start(func() {
		h := &holder{ticker: time.NewTicker(90 * time.Minute), timer: time.NewTimer(2 * time.Hour)}
		row("timer", `\*time.Ticker every 1h30m.* \(holder → ticker\)`)
		row("timer", `\*time.Timer fires in 1h59m \(holder → timer\)`)
		h.wait()
	})
	start(func() {
		h := &holder{timer: time.AfterFunc(2*time.Hour, later)}
		row("timer", `\*time.Timer fires in 1h59m, calls main.later \(holder → timer\)`)
		h.wait()
	})
	start(func() {
		h := &holder{ticker: time.NewTicker(90 * time.Minute), timer: time.NewTimer(2 * time.Hour)}
		h.ticker.Stop()
		h.timer.Stop()
		row("timer", `\*time.Ticker every 1h30m, stopped \(holder → ticker\)`)
		row("timer", `\*time.Timer has fired or was stopped \(holder → timer\)`)
		h.wait()
	})
	start(func() {
		h := &holder{timer: time.AfterFunc(2*time.Hour, later)}
		h.timer.Stop()
		row("timer", `\*time.Timer has fired or was stopped, calls main.later \(holder → timer\)`)
		h.wait()
	})
}

func locks() {
	start(func() {
		h := &holder{name: fresh("locks of %s", id())}
		h.lock.Lock()
		h.readers.RLock()
		h.readers.RLock()
		h.group.Add(3)
		row("lock", `sync.Mutex locked `)
		row("lock", `sync.RWMutex read-locked by 2 `)
		row("lock", `sync.WaitGroup 3 to go `)
		h.wait()
	})
}

// Values of less than 16 bytes without pointers share a block of memory, except with race detection.
type small struct {
	lock, other *sync.Mutex
	count       *int64
	more        int
}

//go:noinline
func (s *small) wait() {
	wait()
	use(s)
}

func together(a, b unsafe.Pointer) bool {
	return uintptr(a)&^15 == uintptr(b)&^15
}

// Slices with elements beyond their length.
type short struct {
	locks  []sync.Mutex
	things []*thing
}

//go:noinline
func (s *short) wait() {
	wait()
	use(s)
}

// As large as the runtime's record of a goroutine that waits.
type padded struct {
	first, second, third chan string
	fourth               chan [3]int
	fifth                chan int
	list                 []chan int
	things               []*thing
	named                map[string]chan int
	empty                chan struct{}
	last                 chan chan string
}

//go:noinline
func (p *padded) wait() {
	ready.Done()
	<-never
	use(p)
}

func neighbours() {
	start(func() {
		s := &small{lock: new(sync.Mutex), count: new(int64)}
		for i := 0; i < 1000 && !together(unsafe.Pointer(s.lock), unsafe.Pointer(s.count)); i++ {
			s.lock, s.count = new(sync.Mutex), new(int64)
		}
		*s.count = 8001
		neverRow("lock", "sync.Mutex ")
		s.wait()
	})
	start(func() {
		s := &small{lock: new(sync.Mutex), other: new(sync.Mutex)}
		for i := 0; i < 1000 && !together(unsafe.Pointer(s.lock), unsafe.Pointer(s.other)); i++ {
			s.lock, s.other = new(sync.Mutex), new(sync.Mutex)
		}
		s.other.Lock()
		row("lock", `sync.Mutex locked \(small → other\)`)
		s.wait()
	})
	start(func() {
		s := &short{locks: make([]sync.Mutex, 3), things: make([]*thing, 3)}
		for i := range s.things {
			s.locks[i].Lock()
			s.things[i] = &thing{fresh("/thing/%d/of/%s", i, id()), i}
		}
		s.locks[0].Unlock()
		s.locks, s.things = s.locks[:2], s.things[:2]
		s.locks[1].Unlock()
		row("path", "/thing/1/of/")
		neverRow("path", "/thing/2/of/")
		neverRow("lock", "sync.Mutex ")
		s.wait()
	})
	start(func() {
		p := &padded{first: make(chan string, 2), list: []chan int{make(chan int, 11)}}
		row("value", `\*main.padded {first: .* \(padded\)`)
		neverRow("value", `\*main.padded  ?\(`)
		p.wait()
	})
}

func files(folder string) {
	start(func() {
		file, err := os.Create(folder + "/a file")
		if err != nil {
			panic(err)
		}
		h := &holder{file: file}
		row("connection", `\*os.File %s/a file, fd %d \(holder → file\)`, regexp.QuoteMeta(folder), file.Fd())
		h.wait()
	})
	start(func() {
		l, err := net.Listen("unix", folder+"/socket")
		if err != nil {
			panic(err)
		}
		h := &holder{listen: l}
		row("connection", `unix %s/socket, fd [0-9]+ \(holder → listen\)`, regexp.QuoteMeta(folder))
		h.wait()
	})
	start(func() {
		c, err := net.Dial("udp", "127.0.0.1:9")
		if err != nil {
			panic(err)
		}
		h := &holder{conn: c}
		row("connection", `udp %s → 127.0.0.1:9, fd %d \(holder → conn\)`, c.LocalAddr(), descriptor(c.(syscall.Conn)))
		h.wait()
	})
}

func values() {
	start(func() {
		address, _ := url.Parse(fresh("https://user:secret@registry.example/v2/%s?n=1", id()))
		request, _ := http.NewRequest("PUT", fresh("http://host.example:80/put/%s", id()), nil)
		h := &holder{address: address, request: request}
		row("url", `https://user:xxxxx@registry.example/v2/%s\?n=1 \(holder → address\)`, id())
		row("url", `PUT http://host.example:80/put/%s \(holder → request\)`, id())
		h.wait()
	})
	start(func() {
		h := &holder{name: fresh("https://user:secret@db.example/of/%s", id())}
		row("url", `https://user:xxxxx@db.example/of/%s \(holder → name\)`, id())
		h.wait()
	})
	start(func() {
		h := &holder{name: fresh("/name/of/%s", id())}
		h.inner.thing = &thing{fresh("/label/of/%s", id()), 3}
		row("path", `/name/of/%s \(holder → name\)`, id())
		row("path", `/label/of/%s \(holder → inner.thing → label\)`, id())
		row("value", `\*main.thing .*\(holder → inner.thing\)`)
		h.wait()
	})
	start(func() {
		l := &large{name: fresh("/large/%s", id())}
		l.next = &thing{fresh("/next/%s", id()), 4}
		row("header", `/large/%s \(large → name\)`, id())
		row("header", `/next/%s \(large → next → label\)`, id())
		wait()
		if len(l.name) > 1000 {
			fmt.Println(l)
		}
	})
	w := &worker{jobs: make(chan int), next: &thing{"next", 5}}
	start(w.run)
}

func descriptor(c syscall.Conn) int {
	fd := -1
	raw, err := c.SyscallConn()
	if err == nil {
		raw.Control(func(number uintptr) { fd = int(number) })
	}
	return fd
}

// client forgets the body of a response.
func client(transport *http.Transport, path string) {
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		say("client %s %s %d %s", info.Conn.LocalAddr(), info.Conn.RemoteAddr(), descriptor(info.Conn.(syscall.Conn)), path)
	}}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), "GET",
		"http://registry.example:8080"+path, nil)
	if err != nil {
		panic(err)
	}
	if _, err = (&http.Client{Transport: transport}).Do(request); err != nil {
		panic(err)
	}
}

func clients() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	body := strings.Repeat("x", 20000)
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) }))
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
	}}
	for i := 0; i < 10; i++ {
		client(transport, fresh("/v2/library/image%d/manifests", i))
	}
}

func main() {
	contexts()
	timers()
	locks()
	neighbours()
	files(os.Args[1])
	values()
	clients()
	ready.Wait()
	fmt.Println("ready")
	<-never
}
