// SPDX-License-Identifier: MIT
package left

import (
	"bufio"
	"net"
	"testing"
)

func TestLeakPipe(t *testing.T) {
	near, far := net.Pipe()
	lines := make(chan string, 1)
	go func() {
		scanner := bufio.NewScanner(far)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
		close(lines)
	}()
	near.Write([]byte("one\n"))
	if line := <-lines; line != "one" {
		t.Fatal(line)
	}
}
