// SPDX-License-Identifier: MIT
package left

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

func TestCleanSignals(t *testing.T) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	defer signal.Stop(signals)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	if got := <-signals; got != syscall.SIGUSR1 {
		t.Fatal(got)
	}
	time.AfterFunc(time.Hour, func() {})
	if out, err := exec.Command("echo", "child").Output(); err != nil || string(out) != "child\n" {
		t.Fatal(out, err)
	}
}
