// SPDX-License-Identifier: MIT
package left

import (
	"context"
	"testing"
	"time"
)

func TestCleanContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	results := make(chan int)
	finished := make(chan bool)
	go func() {
		for i := 0; ; i++ {
			select {
			case results <- i:
			case <-ctx.Done():
				close(finished)
				return
			}
		}
	}()
	// One that waits for the one above.
	go func() { <-finished }()
	<-results
	short, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	go func() { <-short.Done() }()
	cancel()
}
