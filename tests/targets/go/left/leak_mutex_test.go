// SPDX-License-Identifier: MIT
package left

import (
	"sync"
	"testing"
	"time"
)

type account struct {
	mu      sync.Mutex
	balance int
}

func (a *account) withdraw(amount int) bool {
	a.mu.Lock()
	if a.balance < amount {
		return false // still locked
	}
	a.balance -= amount
	a.mu.Unlock()
	return true
}

func TestLeakMutex(t *testing.T) {
	a := &account{balance: 10}
	if a.withdraw(20) {
		t.Fatal("too much")
	}
	go a.withdraw(5)
	time.Sleep(20 * time.Millisecond)
}
