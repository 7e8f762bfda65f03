// SPDX-License-Identifier: MIT
package left

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCleanClient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "fine")
	}))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	for i := 0; i < 5; i++ {
		answer, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}
