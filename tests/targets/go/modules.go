// SPDX-License-Identifier: MIT

// A program that loads a plugin when it gets SIGUSR1, forks on SIGUSR2 without an exec (the
// child stays there), and becomes another program on SIGHUP. Usage: modules PLUGIN [CMD …]
package main

import (
	"fmt"
	"os"
	"os/signal"
	"plugin"
	"syscall"
	"time"
)

func inHost(c chan int) { <-c }

func load(path string) {
	library, err := plugin.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	start, _ := library.Lookup("Start")
	start.(func())()
	time.Sleep(50 * time.Millisecond)
	fmt.Println("loaded")
}

// Nothing of the runtime works in the child: it has one thread.
func fork() {
	pid, _, _ := syscall.RawSyscall(syscall.SYS_FORK, 0, 0, 0)
	for pid == 0 {
		syscall.RawSyscall(syscall.SYS_PAUSE, 0, 0, 0)
	}
	fmt.Println("child", pid)
}

func main() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP)
	go inHost(make(chan int))
	time.Sleep(50 * time.Millisecond)
	fmt.Println("ready")
	for which := range asked {
		switch which {
		case syscall.SIGUSR1:
			load(os.Args[1])
		case syscall.SIGUSR2:
			fork()
		default:
			fmt.Println(syscall.Exec(os.Args[2], os.Args[2:], os.Environ()))
		}
	}
}
