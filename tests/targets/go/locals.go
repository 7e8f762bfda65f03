// SPDX-License-Identifier: MIT

// Goroutines that wait in functions with variables of every kind. Prints each variable that
// is in scope there as "want FUNCTION NAME TEXT", with tabs in between, in the words of a
// debugger; "must" instead of "want" if optimised code keeps it, too; "else" is what optimised code may
// show instead. Then prints "ready".
// What only newer versions of Go can compile is in lines that say "since 1.18".
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

type point struct{ x, y int }

func add(x int) int { return x + 1 }

type shape struct {
	name   string
	center point
	next   *shape
	tags   []string
}

type padded struct {
	flag  bool
	count int32
	other bool
	size  int
}

type celsius float64
type colour uint8
type names map[string]int

type namer interface{ Name() string }

func (s *shape) Name() string { return s.name }

type pair[K comparable, V any] struct { // since 1.18
	key   K // since 1.18
	value V // since 1.18
} // since 1.18

var (
	gate   = make(chan int)
	ready  sync.WaitGroup
	mutex  sync.Mutex
	wanted []string
)

func say(word, function string, rows ...string) {
	mutex.Lock()
	defer mutex.Unlock()
	for i := 0; i+1 < len(rows); i += 2 {
		wanted = append(wanted, word+"\tmain."+function+"\t"+rows[i]+"\t"+rows[i+1])
	}
}
func want(function string, rows ...string) { say("want", function, rows...) }
func must(function string, rows ...string) { say("must", function, rows...) }

//go:noinline
func wait() {
	ready.Done()
	<-gate
}

//go:noinline
func keep(x ...interface{}) {
	if len(os.Args) > 100 {
		fmt.Println(x...)
	}
}

//go:noinline
func scalars(a int, b uint8, c bool, d float64, e celsius, f string, g complex128, r rune, u uintptr) {
	i16 := int16(-a)
	shade := colour(3)
	text := strings.Repeat(f, 2)
	long := strings.Repeat("long ", 40)
	must("scalars", "a", "42", "b", "200", "c", "true", "d", "2.5", "e", "36.6", "f", `"te\tx\"t"`, "r", "120", "text", `"te\tx\"tte\tx\"t"`)
	want("scalars", "g", "(1 + -2i)", "u", "0xbeef", "i16", "-42", "shade", "3", "long", fmt.Sprintf("%q...+72 more", long[:128]))
	wait()
	keep(a, b, c, d, e, f, g, r, u, i16, shade, text, long)
	later := a + 1
	keep(later)
}

//go:noinline
func structures(s shape, p *shape, list []point, array [3]int8, m map[string]int, n names, pad padded, none *shape, empty []string, nothing map[string]int) {
	var boxed interface{} = 7
	var pointer interface{} = &s
	var nm namer = p
	whole := `{name: "first", center: main.point {x: 1, y: 2}, next: *main.shape {name: "next", center: main.point {...}, next: nil, tags: []string len: 2, cap: 2, ["a","b"]}, tags: nil}`
	must("structures", "s", "main.shape "+whole, "p", "*main.shape "+whole, "list", "[]main.point len: 2, cap: 2, [{x: 1, y: 2},{x: 3, y: 4}]", "array", "[3]int8 [1,-2,3]", "m", `map[string]int len: 1, ["one": 1]`)
	want("structures", "n", `main.names len: 1, ["n": 2]`, "pad", "main.padded {flag: true, count: 5, other: true, size: 6}", "none", "nil", "empty", "nil", "nothing", "nil",
		"boxed", "interface {}(int) 7", "pointer", "interface {}(*main.shape) *"+whole, "nm", "main.namer(*main.shape) *"+whole, "whole", fmt.Sprintf("%q...+%d more", whole[:128], len(whole)-128))
	wait()
	keep(s, p, list, array, m, n, pad, none, empty, nothing, boxed, pointer, nm, whole)
}

//go:noinline
func others(err error, when time.Time, took time.Duration, c chan int, f func(int) int, bytes []byte) {
	var fine error
	for i := 0; i < 3; i++ {
		inner := i * 10
		if i == 1 {
			must("others", "err", `error(*fmt.wrapError) "wrapped: inner"`, "took", "time.Duration(1m30s)", "c", "chan int 1/3", "bytes", `[]uint8 len: 5, cap: 5, "bytes"`, "i", "1")
			want("others", "f", "main.add", "when", "time.Time(2024-02-29T12:30:15Z)", "fine", "nil", "inner", "10")
			wait()
		}
		keep(inner)
	}
	keep(err, when, took, c, f, bytes, fine)
}

//go:noinline
func shadows(depth int) {
	name := "outer"
	keep(name)
	{
		name := []int{1, 2}
		must("shadows", "depth", "3")
		want("shadows", "name", "[]int len: 2, cap: 2, [1,2]", "(name)", `"outer"`)
		wait()
		keep(name)
	}
	keep(name, depth)
}

//go:noinline
func recurses(depth int, parent *shape) int {
	own := &shape{name: fmt.Sprint("depth ", depth), next: parent}
	must("recurses", "depth", fmt.Sprint(depth), "own", fmt.Sprintf(`*main.shape {name: "depth %d", center: main.point {x: 0, y: 0}, next: %s, tags: nil}`, depth, nextOf(parent)), "parent", wholeOf(parent))
	if depth > 0 {
		got := recurses(depth-1, own)
		return got + len(own.name) + len(fmt.Sprint(parent))
	}
	wait()
	keep(own, parent)
	return depth
}

func nextOf(s *shape) string {
	if s == nil {
		return "nil"
	}
	next := "nil"
	if s.next != nil {
		next = fmt.Sprintf("(*main.shape)(%p)", s.next)
	}
	return fmt.Sprintf(`*main.shape {name: %q, center: main.point {...}, next: %s, tags: nil}`, s.name, next)
}

func wholeOf(s *shape) string {
	if s == nil {
		return "nil"
	}
	return fmt.Sprintf(`*main.shape {name: %q, center: main.point {x: 0, y: 0}, next: %s, tags: nil}`, s.name, nextOf(s.next))
}

func small(v int, label string) int {
	sum := v * 2
	wait()
	keep(v, sum, label)
	return sum
}

//go:noinline
func inlines(start int) {
	must("small", "label", `"in"`, "v", "9")
	want("small", "sum", "18")
	must("inlines", "start", "8")
	got := small(start+1, "in")
	keep(got, start)
}

//go:noinline
func (s *shape) method(n int) (sum int, err error) {
	must("(*shape).method", "s", wholeOf(s), "n", "3")
	want("(*shape).method", "sum", "0", "err", "nil")
	wait()
	keep(s, n)
	return n, nil
}

//go:noinline
func closes(count int) {
	outer := fmt.Sprint("outer", count)
	fn := func(more int) {
		count++
		want("closes.func1", "more", "2", "outer", `"outer5"`, "count", "6")
		want("closes", "outer", `"outer5"`, "count", "6", "fn", "main.closes.func1")
		wait()
		keep(outer, count, more)
	}
	fn(2)
	keep(outer, count, fn)
}

//go:noinline
func defers(n int) {
	closing := errors.New("closing")
	defer func() { keep(closing) }()
	must("defers", "closing", `error(*errors.errorString) "closing"`, "n", "4")
	wait()
	closing = nil
	keep(n)
}

//go:noinline
func generic[T any](v T, list []T, text string) { // since 1.18
	first := list[0]                                      // since 1.18
	must("generic[...]", "text", fmt.Sprintf("%q", text)) // since 1.18
	if text == "strings" {                                // since 1.18
		say("else", "generic[...]", "list", `len: 1, cap: 1, ["s0"]`)                                  // since 1.18
		want("generic[...]", "v", `"str"`, "list", `[]string len: 1, cap: 1, ["s0"]`, "first", `"s0"`) // since 1.18
	} else { // since 1.18
		say("else", "generic[...]", "v", `{key: "k", value: 4}`, "first", `{key: "l", value: 5}`, "list", `len: 1, cap: 1, [{key: "l", value: 5}]`)                                                              // since 1.18
		want("generic[...]", "v", `main.pair[string,int] {key: "k", value: 4}`, "list", `[]main.pair[string,int] len: 1, cap: 1, [{key: "l", value: 5}]`, "first", `main.pair[string,int] {key: "l", value: 5}`) // since 1.18
	} // since 1.18
	wait()                     // since 1.18
	keep(v, list, first, text) // since 1.18
} // since 1.18

func launch(functions ...func()) {
	ready.Add(len(functions))
	for _, function := range functions {
		go function()
	}
	ready.Wait()
}

func main() {
	next := &shape{name: "next", tags: []string{"a", "b"}}
	s := shape{"first", point{1, 2}, next, nil}
	c := make(chan int, 3)
	c <- 1
	launch(
		func() { scalars(42, 200, true, 2.5, 36.6, "te\tx\"t", complex(1, -2), 'x', 0xbeef) },
		func() {
			structures(s, &s, []point{{1, 2}, {3, 4}}, [3]int8{1, -2, 3}, map[string]int{"one": 1}, names{"n": 2}, padded{true, 5, true, 6}, nil, nil, nil)
		},
		func() {
			others(fmt.Errorf("wrapped: %w", errors.New("inner")), time.Date(2024, 2, 29, 12, 30, 15, 0, time.UTC), 90*time.Second, c, add, []byte("bytes"))
		},
		func() { shadows(3) },
		func() { recurses(2, nil) },
		func() { inlines(8) },
		func() { (&shape{name: "receiver"}).method(3) },
		func() { closes(5) },
		func() { defers(4) },
		func() { generic("str", []string{"s0"}, "strings") }, // since 1.18
		func() { generic(pair[string, int]{"k", 4}, []pair[string, int]{{"l", 5}}, "pairs") }, // since 1.18
	)
	for _, row := range wanted {
		fmt.Println(row)
	}
	fmt.Println("ready")
	for {
		time.Sleep(time.Hour)
	}
}
