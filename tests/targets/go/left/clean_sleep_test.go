// SPDX-License-Identifier: MIT
package left

import (
	"testing"
	"time"
)

func TestCleanSleep(t *testing.T) {
	later, done := make(chan bool), make(chan bool)
	// Both are over soon, though nobody waits for them.
	go func() {
		time.Sleep(100 * time.Millisecond)
		later <- true
	}()
	go func() {
		<-later
		close(done)
	}()
	time.Sleep(20 * time.Millisecond)
}
