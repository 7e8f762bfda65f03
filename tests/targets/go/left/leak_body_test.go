// SPDX-License-Identifier: MIT
package left

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestLeakBody(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "a body that nobody reads")
	}))
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(err, answer)
	}
}
