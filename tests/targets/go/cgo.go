// SPDX-License-Identifier: MIT

// Goroutines that are in C: asleep, on a pthread mutex, and back in Go through a callback.
package main

/*
#include <pthread.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void take(void) { pthread_mutex_lock(&lock); }
static void nap(void) { for (;;) pause(); }
void goCallback(void);
static inline void callBack(void) { goCallback(); }
*/
import "C"

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

var never = make(chan int)

//export goCallback
func goCallback() { inCallback(never) }

//go:noinline
func inCallback(c chan int) { <-c }

func inC()     { C.nap() }
func onLock()  { C.take() }
func through() { C.callBack() }

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	C.take()
	go inC()
	go onLock()
	go through()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	for range asked {
		text := make([]byte, 1<<22)
		text = text[:runtime.Stack(text, true)]
		os.WriteFile(os.Args[1]+".new", text, 0o600)
		os.Rename(os.Args[1]+".new", os.Args[1])
	}
}
