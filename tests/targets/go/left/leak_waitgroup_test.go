// SPDX-License-Identifier: MIT
package left

import (
	"sync"
	"testing"
	"time"
)

func TestLeakWaitgroup(t *testing.T) {
	var group sync.WaitGroup
	results := make(chan int, 3)
	for i := 0; i < 3; i++ {
		i := i
		group.Add(1)
		go func() {
			if i == 1 {
				return // not done
			}
			results <- i
			group.Done()
		}()
	}
	go func() {
		group.Wait()
		close(results)
	}()
	<-results
	<-results
	time.Sleep(100 * time.Millisecond)
}
