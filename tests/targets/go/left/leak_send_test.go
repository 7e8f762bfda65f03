// SPDX-License-Identifier: MIT
package left

import "testing"

func produce() <-chan int {
	numbers := make(chan int)
	go func() {
		for i := 0; i < 3; i++ {
			numbers <- i
		}
	}()
	return numbers
}

func TestLeakSend(t *testing.T) {
	if <-produce() != 0 {
		t.Fatal("not the first number")
	}
}
