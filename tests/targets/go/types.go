// SPDX-License-Identifier: MIT

// A program that prints what package reflect says of its types, for readers of its memory:
// one line each, with tabs between the columns. Then it waits until its input ends.
//
//	T address name kind size package element key length fields
//	I address-of-itab interface type
//	ready
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

type inner struct {
	Count int32
	Text  string
}

type Outer struct {
	inner
	*strings.Reader
	small   byte
	Pair    [3]inner
	numbers []float64
	byName  map[string]*Outer
	large   map[[200]byte][200]byte
	done    chan<- struct{}
	call    func(int, ...string) (bool, error)
	any     interface{}
	stream  io.ReadWriteCloser
	raw     unsafe.Pointer
	empty   struct{}
}

type shape interface {
	Area() float64
	name() string
}

type square float64

func (s square) Area() float64 { return float64(s * s) }
func (s square) name() string  { return "square" }

type words struct{ a, b interface{} }

var out = bufio.NewWriter(os.Stdout)

func addressOf(t reflect.Type) uintptr {
	return (*[2]uintptr)(unsafe.Pointer(&t))[1]
}

func nameOf(t reflect.Type) string {
	if t == nil {
		return "-"
	}
	return t.String()
}

func fieldsOf(t reflect.Type) string {
	var fields []string
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		fields = append(fields, fmt.Sprintf("%s@%d:%v:%s", f.Name, f.Offset, f.Anonymous, f.Type))
	}
	return strings.Join(fields, ";")
}

// printType prints the type and all types that it refers to.
func printType(t reflect.Type, seen map[reflect.Type]bool) {
	var element, key reflect.Type
	length, fields := 0, ""

	if t == nil || seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Map:
		key = t.Key()
		element = t.Elem()
	case reflect.Ptr, reflect.Slice, reflect.Chan:
		element = t.Elem()
	case reflect.Array:
		element = t.Elem()
		length = t.Len()
	case reflect.Interface:
		length = t.NumMethod()
	case reflect.Struct:
		fields = fieldsOf(t)
		for i := 0; i < t.NumField(); i++ {
			printType(t.Field(i).Type, seen)
		}
	}
	fmt.Fprintf(out, "T\t%#x\t%s\t%d\t%d\t%s\t%s\t%s\t%d\t%s\n", addressOf(t), t, t.Kind(), t.Size(),
		t.PkgPath(), nameOf(element), nameOf(key), length, fields)
	printType(element, seen)
	printType(key, seen)
}

func printItab(tab uintptr, inter, value interface{}) {
	fmt.Fprintf(out, "I\t%#x\t%s\t%s\n", tab, reflect.TypeOf(inter).Elem(), reflect.TypeOf(value))
}

func main() {
	var stream io.Reader = strings.NewReader("text")
	var s shape = square(2)
	var fault error = errors.New("fault")
	var assigned interface{} = os.Stdout
	writer := assigned.(io.WriteSeeker) // made at run time
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	seen := map[reflect.Type]bool{}

	defer cancel()
	for _, v := range []interface{}{
		Outer{}, &Outer{}, words{}, square(1), s, ctx, true, 1, int8(1), int16(1), int32(1), int64(1),
		uint(1), uint8(1), uint16(1), uint32(1), uint64(1), uintptr(1), float32(1), 1.5,
		complex64(1), complex128(1), "text", time.Now(), time.Second, &sync.Mutex{}, &sync.WaitGroup{},
		&http.Server{}, &http.Transport{}, &http.Request{}, &http.Client{}, &net.TCPConn{},
		struct {
			A int `tag:"of the field"`
			b []struct{ C map[int]bool }
		}{}, (*shape)(nil), (*error)(nil), (chan int)(nil), (<-chan string)(nil),
		func(a int, b ...error) {}, time.NewTicker(time.Hour), [2][3]int{}, net.IP{},
	} {
		printType(reflect.TypeOf(v), seen)
	}
	printItab(*(*uintptr)(unsafe.Pointer(&stream)), (*io.Reader)(nil), stream)
	printItab(*(*uintptr)(unsafe.Pointer(&s)), (*shape)(nil), s)
	printItab(*(*uintptr)(unsafe.Pointer(&fault)), (*error)(nil), fault)
	printItab(*(*uintptr)(unsafe.Pointer(&writer)), (*io.WriteSeeker)(nil), assigned)
	fmt.Fprintln(out, "ready")
	out.Flush()
	io.Copy(io.Discard, os.Stdin)
}
