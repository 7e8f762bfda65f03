// SPDX-License-Identifier: MIT

// A program that prints values of many types as packages reflect and fmt see them, for
// readers of its memory: one line each, with tabs between the columns. Of a map, the
// elements are in the order of their texts. Then it waits until its input ends.
//
//	V address-of-type address text
//	ready
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type Point struct{ X, Y int }

type node struct {
	name string
	next *node
}

type mixed struct {
	Point
	flag   bool
	_      [3]byte
	ratio  float32
	text   string
	bytes  []byte
	list   []int16
	pair   [2]Point
	deep   struct{ inner struct{ a int } }
	byName map[string]int
	any    interface{}
	err    error
	stream io.Reader
	call   func(int) int
	done   chan bool
	none   *Point
	point  *Point
	wait   time.Duration
	raw    unsafe.Pointer
	number uintptr
}

type UUID [16]byte
type sum [32]byte
type celsius float64
type color uint8
type text string

func (m *mixed) double(i int) int { return 2 * i }

var out = bufio.NewWriter(os.Stdout)
var kept []interface{}

const levels = 2

// words returns what the type's own methods say of a value.
func words(v reflect.Value) (string, bool) {
	if v.Kind() == reflect.Interface {
		return "", false
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano), true
	case time.Duration:
		return x.String(), true
	case net.IP:
		return x.String(), true
	case url.URL:
		return x.Redacted(), true
	case url.Userinfo:
		if _, set := x.Password(); set {
			return x.Username() + ":xxxxx", true
		}
		return x.Username(), true
	case syscall.Errno:
		return strconv.Quote(x.Error()), true
	case sync.Mutex, sync.RWMutex, sync.WaitGroup, sync.Once:
		return state[v.Addr().Interface()], true
	}
	if v.Type().PkgPath() == "net/netip" {
		return v.Interface().(fmt.Stringer).String(), true
	}
	if !v.CanAddr() || v.Kind() != reflect.Struct {
		return "", false
	}
	switch x := v.Addr().Interface().(type) {
	case *net.TCPAddr:
		return x.String(), true
	case *net.UDPAddr:
		return x.String(), true
	case *net.UnixAddr:
		return x.String(), true
	case *bytes.Buffer:
		return strconv.Quote(x.String()), true
	case *strings.Builder:
		return strconv.Quote(x.String()), true
	case error:
		return strconv.Quote(x.Error()), true
	}
	return "", false
}

var state = map[interface{}]string{}

func readable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	}
	return v
}

func composite(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Array, reflect.Ptr, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	}
	return false
}

func elements(v reflect.Value, levels int) string {
	var parts []string
	for i := 0; i < v.Len() && i < 16; i++ {
		inner := levels
		if composite(v.Type().Elem()) {
			inner--
		}
		parts = append(parts, show(v.Index(i), inner, v.Type().Elem().Kind() == reflect.Interface))
	}
	if v.Len() > 16 {
		parts = append(parts, fmt.Sprintf("...+%d more", v.Len()-16))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func quote(s string) string {
	if len(s) > 128 {
		return strconv.Quote(s[:128]) + fmt.Sprintf("...+%d more", len(s)-128)
	}
	return strconv.Quote(s)
}

func addressable(v reflect.Value) reflect.Value {
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	return copied.Elem()
}

func show(v reflect.Value, levels int, typed bool) string {
	v = readable(v)
	name := v.Type().String()
	if w, ok := words(v); ok {
		if typed {
			return name + "(" + w + ")"
		}
		return w
	}
	prefix := ""
	if typed {
		prefix = name + " "
	}
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		return fmt.Sprintf("(%v + %vi)", real(v.Complex()), imag(v.Complex()))
	case reflect.Uintptr:
		return fmt.Sprintf("%#x", v.Uint())
	case reflect.UnsafePointer:
		return fmt.Sprintf("unsafe.Pointer(%#x)", v.Pointer())
	case reflect.String:
		return quote(v.String())
	case reflect.Slice:
		if v.IsNil() {
			return "nil"
		}
		prefix += fmt.Sprintf("len: %d, cap: %d", v.Len(), v.Cap())
		if levels == 0 && composite(v.Type().Elem()) {
			return prefix
		}
		if b, ok := v.Interface().([]byte); ok && len(b) > 0 && b[0] >= ' ' {
			return prefix + ", " + quote(string(b))
		}
		return prefix + ", " + elements(v, levels)
	case reflect.Array:
		if levels == 0 && composite(v.Type().Elem()) {
			return prefix + "[...]"
		}
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Len() >= 8 {
			text := fmt.Sprintf("%x", v.Interface())
			if name == "main.UUID" {
				return prefix + text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
			}
			if v.Len() > 32 {
				text = fmt.Sprintf("%s...+%d more", text[:64], v.Len()-32)
			}
			return prefix + text
		}
		return prefix + elements(v, levels)
	case reflect.Struct:
		if levels == 0 && v.NumField() > 0 {
			return prefix + "{...}"
		}
		var parts []string
		for i := 0; i < v.NumField(); i++ {
			if field := v.Type().Field(i).Name; field != "_" {
				parts = append(parts, field+": "+show(v.Field(i), levels-1, true))
			}
		}
		return prefix + "{" + strings.Join(parts, ", ") + "}"
	case reflect.Ptr:
		if v.IsNil() {
			return "nil"
		}
		if levels == 0 {
			return fmt.Sprintf("(%s)(%#x)", name, v.Pointer())
		}
		star := "*"
		if _, ok := words(readable(v.Elem())); ok && !typed {
			star = ""
		}
		if v.Elem().Kind() != reflect.Struct {
			levels--
		}
		return star + show(v.Elem(), levels, typed)
	case reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		if !typed {
			name = ""
		}
		return name + "(" + v.Elem().Type().String() + ") " + show(addressable(v.Elem()), levels, false)
	case reflect.Map:
		if v.IsNil() {
			return "nil"
		}
		prefix += fmt.Sprintf("len: %d", v.Len())
		if levels == 0 || v.Len() == 0 {
			return prefix
		}
		var parts []string
		for _, key := range v.MapKeys() {
			inner := v.Type().Elem().Kind() == reflect.Interface
			parts = append(parts, show(addressable(key), levels-1, v.Type().Key().Kind() == reflect.Interface)+": "+
				show(addressable(v.MapIndex(key)), levels-1, inner))
		}
		sort.Strings(parts)
		return prefix + ", [" + strings.Join(parts, ", ") + "]"
	case reflect.Chan:
		if v.IsNil() {
			return "nil"
		}
		return prefix + fmt.Sprintf("%d/%d", v.Len(), v.Cap())
	case reflect.Func:
		if v.IsNil() {
			return "nil"
		}
		return runtime.FuncForPC(v.Pointer()).Name()
	}
	return fmt.Sprint(v.Interface())
}

func print(pointer interface{}) {
	kept = append(kept, pointer)
	v := reflect.ValueOf(pointer).Elem()
	t := v.Type()
	fmt.Fprintf(out, "V\t%#x\t%#x\t%s\n", (*[2]uintptr)(unsafe.Pointer(&t))[1], v.UnsafeAddr(), show(v, levels, true))
}

func printNumbers() {
	a, b, c, d, e := int8(-5), int16(-300), int32(-70000), int64(-1<<62), 42
	f, g, h, i, j := uint8(200), uint16(60000), uint32(4000000000), uint64(1<<63), uint(7)
	k, l, m, n, o := 0.1, float32(0.1), -2.5e-3, 123456.75, 0.0
	p, q := complex(1.5, -2), complex64(complex(0, 1))
	r, s, t := true, false, uintptr(0xabc)
	u, v, w := celsius(36.6), color(3), time.Duration(0)
	for _, pointer := range []interface{}{&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l, &m, &n, &o, &p, &q, &r,
		&s, &t, &u, &v, &w} {
		print(pointer)
	}
}

func printTexts() {
	a, b, c := "", "plain", "quotes \" and \\ and\n\ttabs\x00\x01"
	d, e := "grüße, 世界", strings.Repeat("long ", 100)
	f, g := text("named"), strings.Repeat("ü", 200)
	for _, pointer := range []interface{}{&a, &b, &c, &d, &e, &f, &g} {
		print(pointer)
	}
}

func printLists() {
	many := make([]int, 40, 64)
	for i := range many {
		many[i] = i * i
	}
	var none []string
	empty := []string{}
	a, b, c := []byte("GET / HTTP/1.1\r\n"), []byte{1, 2, 255}, [4]byte{1, 2, 3, 4}
	d, e := sum{0xab, 1}, UUID{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	f := []Point{{1, 2}, {3, 4}}
	g := []*Point{{5, 6}, nil}
	h := []interface{}{1, "two", nil, Point{3, 4}, &Point{5, 6}, []int{7}, errors.New("eight")}
	i := [][]int{{1}, nil, {2, 3}}
	j := [2][2]string{{"a", "b"}, {"c", "d"}}
	k := []error{errors.New("fault"), nil}
	for _, pointer := range []interface{}{&many, &none, &empty, &a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k} {
		print(pointer)
	}
	loop := []interface{}{nil}
	loop[0] = loop
	kept = append(kept, &loop)
}

func printMaps() {
	var none map[string]int
	empty := map[string]int{}
	a := map[string]int{"one": 1, "two": 2, "three": 3}
	b := map[int]Point{1: {1, 2}, -1: {3, 4}}
	c := map[[200]byte][200]byte{{1}: {2}}
	d := map[interface{}]interface{}{"key": 1, 2: "value"}
	e := map[string][]string{"Accept": {"text/html", "*/*"}}
	f := map[Point]bool{{1, 2}: true, {3, 4}: false}
	g := map[int]int{}
	for i := 0; i < 14; i++ {
		g[i] = -i
	}
	h := map[string]int{}
	for i := 0; i < 40; i++ {
		h[strconv.Itoa(i)] = i
	}
	for key := range h {
		if len(h) > 5 {
			delete(h, key)
		}
	}
	i := map[string]struct{}{"member": {}}
	j := map[bool]byte{true: 1}
	k := http.Header{"Host": {"registry.example"}}
	for _, pointer := range []interface{}{&none, &empty, &a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k} {
		print(pointer)
	}
}

func printStructs() {
	first := &node{name: "first"}
	first.next = first
	inner := mixed{Point: Point{1, 2}, flag: true, ratio: 0.5, text: "text", wait: 1500 * time.Millisecond, number: 16}
	full := inner
	full.bytes, full.list = []byte("bytes"), []int16{1, -1}
	full.byName, full.any = map[string]int{"one": 1}, Point{7, 8}
	full.err, full.stream = errors.New("fault"), strings.NewReader("read")
	full.call, full.done, full.point = inner.double, make(chan bool, 3), &Point{9, 10}
	full.done <- true
	full.raw = unsafe.Pointer(first)
	pointer, double := &full, &first
	anonymous := struct {
		A int
		b struct{}
	}{A: 1}
	var any interface{} = full.point
	var shape fmt.Stringer = 3 * time.Second
	var none error
	call := printStructs
	for _, pointer := range []interface{}{first, &first, &inner, &full, &pointer, &double, &anonymous, &any, &shape,
		&none, &call} {
		print(pointer)
	}
}

func printKnown() {
	a, b := time.Now(), time.Date(2021, 2, 28, 23, 59, 59, 120000000, time.UTC)
	c, d := time.Time{}, time.Date(2021, 7, 1, 12, 0, 0, 0, time.FixedZone("X", -5400))
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		berlin = time.UTC
	}
	e, f := time.Date(2021, 1, 1, 0, 0, 0, 0, berlin), time.Date(2022, 7, 1, 0, 0, 0, 1, berlin)
	g, h, i, j := 1500*time.Millisecond, 90*time.Minute, 250*time.Nanosecond, -1234567*time.Nanosecond
	k, l := net.ParseIP("192.0.2.7"), net.ParseIP("2001:db8::7")
	m, n := net.TCPAddr{IP: k, Port: 443}, net.TCPAddr{IP: l, Port: 80, Zone: "eth0"}
	o, p := net.UDPAddr{IP: k.To4(), Port: 53}, net.UnixAddr{Name: "/run/socket", Net: "unix"}
	q, _ := url.Parse("https://user:secret@registry.example:443/v2/a%20b/list?n=100&last=x#end")
	r, _ := url.Parse("mailto:somebody@example.org")
	control := &url.URL{Scheme: "file", Path: "/a\\b\x1b\x00"}
	s := bytes.NewBufferString("whole te\x1b\\xt\x07")
	s.Next(6)
	t := &strings.Builder{}
	t.WriteString("built")
	var lock, free sync.Mutex
	var reading, writing sync.RWMutex
	var group sync.WaitGroup
	var once sync.Once
	lock.Lock()
	reading.RLock()
	reading.RLock()
	writing.Lock()
	group.Add(3)
	once.Do(func() {})
	state[&lock], state[&free] = "locked", "unlocked"
	state[&reading], state[&writing] = "read-locked by 2", "write-locked"
	state[&group], state[&once] = "3 to go", "done"
	for _, pointer := range []interface{}{&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l, &m, &n, &o, &p, q, r, &q, control, q.User, url.User("alone"), s, t,
		&lock, &free, &reading, &writing, &group, &once} {
		print(pointer)
	}
	// Package net/netip is there since Go 1.18.
	for _, address := range []*net.TCPAddr{&n, {IP: l}, {IP: k.To4(), Port: 9}} {
		if method := reflect.ValueOf(address).MethodByName("AddrPort"); method.IsValid() {
			pair := reflect.New(method.Type().Out(0))
			pair.Elem().Set(method.Call(nil)[0])
			print(pair.Interface())
			single := reflect.New(pair.MethodByName("Addr").Type().Out(0))
			single.Elem().Set(pair.MethodByName("Addr").Call(nil)[0])
			print(single.Interface())
		}
	}
}

func printErrors() {
	base := errors.New("base \"quoted\" \x1b[31m \\ \xff")
	_, open := os.Open("/nowhere/file")
	_, dial := net.Dial("tcp", "127.0.0.1:1")
	_, number := strconv.Atoi("12x")
	_, address := net.ResolveTCPAddr("tcp", "no-port")
	_, get := http.Get("http://127.0.0.1:1/path")
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	refused := &net.OpError{Op: "read", Net: "tcp", Source: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5},
		Addr: &net.TCPAddr{IP: net.IPv6loopback, Port: 6}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for _, err := range []error{base, fmt.Errorf("wrapped: %w", base), open, dial, number, address, get, ctx.Err(), refused,
		context.Canceled, syscall.EAGAIN, io.EOF, &net.DNSError{Err: "no such host", Name: "x.example", Server: "192.0.2.1"},
		os.ErrDeadlineExceeded, nil} {
		err := err
		print(&err)
	}
}

func main() {
	printNumbers()
	printTexts()
	printLists()
	printMaps()
	printStructs()
	printKnown()
	printErrors()
	fmt.Fprintln(out, "ready")
	out.Flush()
	io.Copy(io.Discard, os.Stdin)
}
