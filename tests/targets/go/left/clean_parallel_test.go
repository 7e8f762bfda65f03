// SPDX-License-Identifier: MIT
package left

import (
	"fmt"
	"testing"
	"time"
)

func TestCleanParallel(t *testing.T) {
	for i := 0; i < 20; i++ {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			time.Sleep(10 * time.Millisecond)
		})
	}
}
