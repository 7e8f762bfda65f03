// SPDX-License-Identifier: MIT
package left

import (
	"context"
	"testing"
)

func serve(ctx context.Context, jobs <-chan func()) {
	for {
		select {
		case job := <-jobs:
			job()
		case <-ctx.Done():
			return
		}
	}
}

func TestLeakSelect(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel // forgotten
	jobs, done := make(chan func()), make(chan bool)
	go serve(ctx, jobs)
	jobs <- func() { close(done) }
	<-done
}
