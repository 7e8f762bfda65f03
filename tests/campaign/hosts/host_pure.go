// SPDX-License-Identifier: MIT
package main

import (
	"fmt"
	"os/exec"
	"sync"
	"time"
)

func main() {
	var group sync.WaitGroup
	results := make(chan int, 100)
	for i := 0; i < 100; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			time.Sleep(time.Millisecond)
			results <- n
		}(i)
	}
	group.Wait()
	close(results)
	sum := 0
	for n := range results {
		sum += n
	}
	fmt.Println("sum", sum)
	out, err := exec.Command("sh", "-c", "echo child | cat; exit 3").CombinedOutput()
	fmt.Printf("%s%v\n", out, err)
}
