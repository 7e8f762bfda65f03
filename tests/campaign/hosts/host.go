// SPDX-License-Identifier: MIT
package main

/*
#include <pthread.h>
#include <unistd.h>
static void *run(void *a) { usleep(1000); return a; }
static int c_thread(int n)
{
	pthread_t t;
	void *r;
	if (pthread_create(&t, 0, run, (void *)(long)n) != 0)
		return -1;
	pthread_join(t, &r);
	return (int)(long)r;
}
*/
import "C"

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"sync"
	"time"
)

func main() {
	var group sync.WaitGroup
	var lock sync.Mutex
	sum := 0
	for i := 0; i < 30; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			r := int(C.c_thread(C.int(n)))
			lock.Lock()
			sum += r
			lock.Unlock()
		}(i)
	}
	group.Wait()
	fmt.Println("sum", sum)
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		peer, _ := listener.Accept()
		fmt.Fprintln(peer, "over a socket")
		peer.Close()
	}()
	peer, _ := net.Dial("tcp", listener.Addr().String())
	var a, b, c string
	fmt.Fscan(peer, &a, &b, &c)
	fmt.Println(a, b, c)
	out, err := exec.Command("sh", "-c", "echo child; exit 3").CombinedOutput()
	fmt.Printf("%s%v\n", out, err)
	who, err := user.LookupId("0")
	fmt.Println(who.Username, err)
	_, err = net.LookupHost("localhost")
	fmt.Println("localhost", err)
	for hold := os.Getenv("HOSTS_HOLD"); hold != ""; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(hold); err != nil {
			break
		}
	}
}
