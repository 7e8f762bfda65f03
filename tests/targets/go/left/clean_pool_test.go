// SPDX-License-Identifier: MIT
package left

import (
	"sync/atomic"
	"testing"
)

func TestCleanPool(t *testing.T) {
	jobs := make(chan int)
	var done int64
	for i := 0; i < 8; i++ {
		go func() {
			for range jobs {
				atomic.AddInt64(&done, 1)
			}
		}()
	}
	for i := 0; i < 1000; i++ {
		jobs <- i
	}
	// Nobody waits for them: they are about to end.
	close(jobs)
}
