// SPDX-License-Identifier: MIT
package left

import (
	"sync/atomic"
	"testing"
	"time"
)

type cache struct {
	expired int64
	stop    chan bool
}

func newCache() *cache {
	c := &cache{stop: make(chan bool)}
	go func() {
		ticker := time.NewTicker(time.Hour)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				atomic.AddInt64(&c.expired, 1)
			case <-c.stop:
				return
			}
		}
	}()
	return c
}

func TestLeakTicker(t *testing.T) {
	if atomic.LoadInt64(&newCache().expired) != 0 {
		t.Fatal("expired")
	}
	time.Sleep(20 * time.Millisecond)
}
