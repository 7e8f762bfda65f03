// SPDX-License-Identifier: MIT

// Goroutines that come and go as they are told: "enter ROOM N" starts some that wait in that
// room (kitchen, cellar, attic), "leave ROOM N" ends as many, "move ROOM N" lets some of them
// wait for a lock instead. Each line is repeated when it is done; ends with its input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
)

type guest struct{ out, up chan bool }

var (
	stairs sync.Mutex
	rooms  = map[string][]guest{}
)

func kitchen(g guest) bool { return <-g.out }
func cellar(g guest) bool  { return <-g.out }

func attic(g guest) {
	select {
	case <-g.out:
	case <-g.up:
		stairs.Lock()
		stairs.Unlock()
	}
}

func enter(room string) {
	g := guest{make(chan bool), make(chan bool)}
	rooms[room] = append(rooms[room], g)
	switch room {
	case "kitchen":
		go kitchen(g)
	case "cellar":
		go cellar(g)
	case "attic":
		go attic(g)
	}
}

func main() {
	stairs.Lock()
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); fmt.Println(lines.Text()) {
		var what, room string
		var count int
		fmt.Sscan(lines.Text(), &what, &room, &count)
		for ; count > 0; count-- {
			if what == "enter" {
				enter(room)
				continue
			}
			last := len(rooms[room]) - 1
			g := rooms[room][last]
			rooms[room] = rooms[room][:last]
			if what == "leave" {
				g.out <- true
			} else {
				g.up <- true
			}
		}
	}
}
