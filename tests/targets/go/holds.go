// SPDX-License-Identifier: MIT
// Goroutines that hold things in memory: strings of each kind at each distance, channels,
// functions and locks. Each prints what it holds, one line each: "holds ID KIND TEXT",
// where ID is its own; "secret ID TEXT" is what no goroutine but this one may hold, "never
// TEXT" what none may, and "beyond TEXT" what is too far away in optimised programs. Usage: holds [COUNT]; COUNT goroutines hold paths of their own
// and the same host. When all wait it prints "ready", and then each second "gap N": the
// longest time in microseconds between two ticks of a 1 ms ticker.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	mu    sync.Mutex
	ready sync.WaitGroup
	never = make(chan struct{})
)

// id returns the id of the goroutine that calls it, from the runtime's own text.
func id() string {
	text := make([]byte, 64)
	text = text[:runtime.Stack(text, false)]
	return string(bytes.Fields(text)[1])
}

func say(format string, arguments ...interface{}) {
	mu.Lock()
	fmt.Printf(format+"\n", arguments...)
	mu.Unlock()
}

// fresh returns a string whose bytes are in the heap, in an object of their own.
func fresh(format string, arguments ...interface{}) string {
	return string([]byte(fmt.Sprintf(format, arguments...)))
}

// One, two and three steps away from the stack.
type near struct {
	number int
	text   string
	next   *middle
}

type middle struct {
	padding [4]uint64
	text    string
	next    *far
}

type far struct {
	text  string
	flags [3]uint32
	next  *farther
}

type farther struct{ text string }

//go:noinline
func use(things ...interface{}) {
	if len(things) > 100 {
		fmt.Println(things...)
	}
}

//go:noinline
func call(function func()) { use(function) }

func wait() {
	ready.Done()
	<-never
}

func start(f func(string)) {
	ready.Add(1)
	go func() { f("g" + id()) }()
}

// kinds holds a string of each kind, each in an object of its own.
func kinds(number int) {
	texts := []struct{ kind, text string }{
		{"url", fresh("https://user@registry%d.example:8443/v2/?n=%d", number, number)},
		{"host", fresh("registry%d.example:443", number)},
		{"host", fresh("10.0.%d.7:5432", number)},
		{"path", fresh("/v2/library/image%d/manifests/latest", number)},
		{"sql", fresh("SELECT name\n\tFROM users%d WHERE id = $1", number)},
		{"id", fresh("6ba7b810-9dad-11d1-80b4-00c04fd43%03d", number)},
		{"header", fresh("X-Request-Id: r%d", number)},
		{"text", fresh("Grüße aus Köln, Nummer %d", number)},
	}
	for _, one := range texts {
		one := one
		start(func(me string) {
			thing := &near{text: one.text}
			plain := strings.Join(strings.Fields(one.text), " ")
			say("holds %s %s %s", me, one.kind, plain)
			say("secret %s %s", me, plain)
			wait()
			use(thing)
		})
	}
}

func distances() {
	start(func(me string) {
		thing := &near{text: fresh("/one/%s", me)}
		thing.next = &middle{text: fresh("/two/%s", me)}
		thing.next.next = &far{text: fresh("/three/%s", me)}
		thing.next.next.next = &farther{text: fresh("/four/%s", me)}
		say("steps %s 1 /one/%s", me, me)
		say("steps %s 2 /two/%s", me, me)
		say("steps %s 3 /three/%s", me, me)
		say("beyond /four/%s", me)
		wait()
		use(thing)
	})
	start(func(me string) {
		text := fresh("/stack/%s/of-its-own", me)
		other := len(text) + 2
		say("steps %s 0 /stack/%s/of-its-own", me, me)
		wait()
		use(text, other)
	})
	// What is not alive any more is not held.
	start(func(me string) {
		text := fresh("/dead/%s", me)
		use(text)
		say("beyond %s", text)
		wait()
	})
}

// hostile holds strings that would do harm on a terminal.
func hostile() {
	start(func(me string) {
		things := []*near{
			{text: fresh("/escape/%s\x1b[31mred", me)},
			{text: fresh("/bell/%s\a", me)},
			{text: fresh("/invalid/%s\xff\xfe", me)},
			{text: fresh("/turned/%s\u202eexe", me)},
			{text: fresh("/zero/%s\x00", me)},
		}
		for _, word := range []string{"escape", "bell", "invalid", "turned", "zero"} {
			say("never /%s/%s", word, me)
		}
		long := &near{text: fresh("/long/%s/%s", me, strings.Repeat("y", 3000))}
		say("long %s /long/%s/yyy", me, me)
		wait()
		use(things, long)
	})
}

type server struct{ name string }

func (s *server) handle() { fmt.Println(s.name) }

type hook struct{ call func() }

func hooked() { fmt.Println("called") }

func objects() {
	start(func(me string) {
		thing := &hook{hooked}
		say("function %s main.hooked", me)
		wait()
		use(thing)
	})
	start(func(me string) {
		full := make(chan string, 3)
		full <- fresh("/queued/%s", me)
		full <- "second"
		closed := make(chan int, 7)
		close(closed)
		say("holds %s channel cap 3, len 2", me)
		say("holds %s channel cap 7, len 0, closed", me)
		say("holds %s path /queued/%s", me, me)
		wait()
		use(full, closed)
	})
	start(func(me string) {
		name := fresh("/closure/%s", me)
		function := func() { fmt.Println(name, me) }
		method := (&server{name: fresh("/method/%s", me)}).handle
		say("function %s main.objects.func3.1", me)
		say("function %s main.(*server).handle", me)
		say("holds %s path /closure/%s", me, me)
		say("holds %s path /method/%s", me, me)
		wait()
		call(function)
		call(method)
	})
	var lock sync.Mutex
	lock.Lock()
	start(func(me string) {
		say("lock %s", me)
		ready.Done()
		lock.Lock()
	})
}

// changing holds a string that another goroutine replaces all the time: always one of two.
func changing() {
	thing := &near{}
	texts := [2]string{fresh("/changing/%s", strings.Repeat("a", 40)), fresh("/changing/b")}
	thing.text = texts[0]
	start(func(me string) {
		say("changing %s %s %s", me, texts[0], texts[1])
		wait()
		use(thing)
	})
	go func() {
		for i := 0; ; i++ {
			thing.text = texts[i%2]
			time.Sleep(20 * time.Microsecond)
		}
	}()
}

type request struct {
	host, path string
	done       chan struct{}
}

func (r *request) serve() {
	ready.Done()
	<-r.done
	use(r)
}

func many(count int) {
	host := fresh("many.example:8080")
	for i := 0; i < count; i++ {
		ready.Add(1)
		go (&request{host, fresh("/many/%d", i), make(chan struct{})}).serve()
	}
}

func tick() {
	last, worst, second := time.Now(), time.Duration(0), time.Now()
	for range time.Tick(time.Millisecond) {
		now := time.Now()
		if now.Sub(last) > worst {
			worst = now.Sub(last)
		}
		last = now
		if now.Sub(second) >= time.Second {
			say("gap %d", worst.Microseconds())
			worst, second = 0, now
		}
	}
}

func main() {
	count := 0
	if len(os.Args) > 1 {
		count, _ = strconv.Atoi(os.Args[1])
	}
	kinds(1)
	distances()
	hostile()
	objects()
	changing()
	many(count)
	ready.Wait()
	runtime.GC()
	say("ready")
	tick()
}
