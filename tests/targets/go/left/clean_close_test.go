// SPDX-License-Identifier: MIT
package left

import (
	"io"
	"net"
	"testing"
)

func TestCleanClose(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections := make(chan net.Conn)
	go func() {
		near, _ := listener.Accept()
		connections <- near
	}()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near := <-connections
	greeted := make(chan bool)
	go func() {
		near.Write([]byte("hello"))
		close(greeted)
		io.Copy(io.Discard, near)
		near.Close()
	}()
	<-greeted
	listener.Close()
	// Its other end is about to read that there is no more.
	far.Close()
}
