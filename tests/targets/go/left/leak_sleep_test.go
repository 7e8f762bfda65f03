// SPDX-License-Identifier: MIT
package left

import (
	"testing"
	"time"
)

func refresh(value *int) {
	for {
		time.Sleep(time.Hour)
		*value++
	}
}

func TestLeakSleep(t *testing.T) {
	go refresh(new(int))
	time.Sleep(50 * time.Millisecond)
}
