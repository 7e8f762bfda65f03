// SPDX-License-Identifier: MIT
package left

import (
	"sync"
	"testing"
)

func TestCleanJoined(t *testing.T) {
	var group sync.WaitGroup
	var mu sync.Mutex
	sum := 0
	for i := 1; i <= 100; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			mu.Lock()
			sum += i
			mu.Unlock()
		}(i)
	}
	group.Wait()
	if sum != 5050 {
		t.Fatal(sum)
	}
}
