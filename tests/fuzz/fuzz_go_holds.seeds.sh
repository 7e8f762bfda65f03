#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the program that fuzz_go_holds reads next to the folder that is its argument, with
# goroutines that hold things of many kinds, and makes seeds in the folder.
set -eu
out=$(cd "$1" && pwd)
i=0
while [ $i -lt 32 ]; do
	i=$((i + 1))
	# Ways, then a few false words: how they are changed, and to what.
	printf "$(printf '\\%03o' $((i - 1)))"'\001\000\000\000\000\200\020\000\003\001\100\200\000\001\005\077\001\001\006\010' >"$out/ways$i"
done
command -v go >/dev/null 2>&1 || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/main.go" <<'END'
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"
)

type node struct {
	text  string
	words []string
	named map[string]interface{}
	next  *node
	any   interface{}
	call  func()
	wait  chan string
}

var never = make(chan int)

//go:noinline
func use(things ...interface{}) {
	if len(things) > 100 {
		fmt.Println(things...)
	}
}

func hold(n int) {
	first := &node{text: fmt.Sprintf("https://host%d.example/v2/%d", n, n), wait: make(chan string, n+1)}
	first.words = []string{fmt.Sprint("/path/", n), "X-Request-Id: " + fmt.Sprint(n)}
	first.next = &node{any: first, named: map[string]interface{}{"id": n, "err": errors.New("lost")}}
	first.next.next = &node{any: time.Now(), call: func() { use(n, first) }, text: "SELECT * FROM t"}
	first.wait <- "queued"
	<-never
	use(first)
}

func serve(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, string(make([]byte, 9000)))
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		go http.Serve(listener, http.HandlerFunc(serve))
	}
	for i := 0; i < 12; i++ {
		go hold(i)
		if err == nil {
			http.Get(fmt.Sprintf("http://%s/v2/image%d/latest", listener.Addr(), i))
		}
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), "key", i), time.Hour)
		go func() { <-ctx.Done(); use(ctx, cancel) }()
		ticker := time.NewTicker(time.Hour)
		go func() { <-ticker.C; use(ticker) }()
	}
	var lock sync.Mutex
	lock.Lock()
	go lock.Lock()
	time.Sleep(300 * time.Millisecond)
	runtime.GC()
	os.Stdout.WriteString("ready\n")
	select {}
}
END
cd "$work"
GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 go build -o target main.go
mv target "$out/../fuzz_go_holds.target"
