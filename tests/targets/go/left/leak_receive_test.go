// SPDX-License-Identifier: MIT
package left

import "testing"

type store struct{ changes chan string }

func (s *store) watch() {
	for range s.changes {
	}
}

func TestLeakReceive(t *testing.T) {
	s := &store{make(chan string)}
	go s.watch()
	s.changes <- "one"
}
