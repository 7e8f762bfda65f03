// SPDX-License-Identifier: MIT

// Goroutines that wait in C: for themselves, for each other, for one that is tied to its
// thread, and for a lock that another goroutine took on the same thread.
package main

/*
#cgo CFLAGS: -O1 -g
#include <pthread.h>
#include <unistd.h>
static pthread_mutex_t self = PTHREAD_MUTEX_INITIALIZER, tied = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t handed = PTHREAD_MUTEX_INITIALIZER, never = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t both;
static void set_up(void) { pthread_barrier_init(&both, NULL, 2); }
static void take_self(void) { pthread_mutex_lock(&self); pthread_mutex_lock(&self); }
static void take_ab(void) { pthread_mutex_lock(&a); pthread_barrier_wait(&both); pthread_mutex_lock(&b); }
static void take_ba(void) { pthread_mutex_lock(&b); pthread_barrier_wait(&both); pthread_mutex_lock(&a); }
static void take_tied(void) { pthread_mutex_lock(&tied); }
static void take_handed(void) { pthread_mutex_lock(&handed); }
static void give_handed(void) { pthread_mutex_unlock(&handed); }
static void wait_cond(void) { pthread_mutex_lock(&never); for (;;) pthread_cond_wait(&cond, &never); }
static pthread_mutex_t twice = PTHREAD_MUTEX_INITIALIZER;
static void take_twice(void) { pthread_mutex_lock(&twice); }
static void nap(void) { for (;;) sleep(1000); }
static void with_pointers(char **list) { (void)list; for (;;) sleep(1000); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"
)

func onSelf() { C.take_self() }
func onAB()   { C.take_ab() }
func onBA()   { C.take_ba() }
func onTied() { C.take_tied() }
func onCond() { C.wait_cond() }
func inNap()  { C.nap() }

//go:noinline
func onTwice() {
	C.take_twice()
	C.take_twice()
}

//go:noinline
func onHanded() {
	C.take_handed()
	C.give_handed()
}

// It may well have a lock that it has given back before.
//
//go:noinline
func onHandedAgain(free chan int) {
	C.take_handed()
	C.give_handed()
	<-free
	C.take_handed()
	C.give_handed()
}

func withPointers() {
	list := []*C.char{nil}
	C.with_pointers((**C.char)(unsafe.Pointer(&list[0])))
}

func tied(c chan int) {
	runtime.LockOSThread()
	C.take_tied()
	c <- 1
	<-c
}

// With one P the thread that took the lock is as a rule the one that the waiter runs on.
// That goroutines give such a lock back on another thread is not allowed, and works.
func handsOver(c chan int) {
	C.take_handed()
	c <- 1
	<-c
	C.give_handed()
	c <- 1
}

func main() {
	C.set_up()
	if len(os.Args) > 1 {
		runtime.GOMAXPROCS(1)
		c, free := make(chan int), make(chan int)
		go onHandedAgain(free)
		time.Sleep(10 * time.Millisecond)
		go handsOver(c)
		<-c
		go onHanded()
		free <- 1
		fmt.Println("ready")
		for _, err := os.Stat(os.Args[1]); err != nil; _, err = os.Stat(os.Args[1]) {
			time.Sleep(20 * time.Millisecond)
		}
		c <- 1
		<-c
		fmt.Println("over")
		time.Sleep(time.Hour)
	}
	c := make(chan int)
	for _, f := range []func(){onSelf, onTwice, onAB, onBA, onCond, inNap, withPointers} {
		go f()
	}
	go tied(c)
	<-c
	go onTied()
	fmt.Println("ready")
	time.Sleep(1<<63 - 1)
}
