// SPDX-License-Identifier: MIT
package left

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestLeakServer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	answer, err := http.Get(server.URL)
	if err != nil || answer.StatusCode != 404 {
		t.Fatal(err, answer)
	}
	answer.Body.Close()
	time.Sleep(50 * time.Millisecond)
}
