# SPDX-License-Identifier: MIT
"""An endpoint that misbehaves in the way that the first part of the path names.
Writes its port to the file that its argument names."""
import base64
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DUMP = b"".join(
    b"goroutine %d [chan receive, %d minutes]:\nmain.worker(0x1)\n\t/src/main.go:12 +0x1d\n"
    b"created by main.main in goroutine 1\n\t/src/main.go:30 +0x9c\n\n" % (i, i % 3)
    for i in range(1, 51))
# A part of an endless answer, made once: on a busy machine its end must come in time.
MANY = b"".join(b"goroutine %d [select]:\nmain.f()\n\t/m.go:1 +0x1\n\n" % i for i in range(1, 100001))
TOTAL = b"goroutine profile: total 50\n"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, body, status=200, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def huge(self):
        self.send_response(200)
        self.end_headers()
        for _ in range((500 << 20) // len(MANY)):
            self.wfile.write(MANY)

    def do_GET(self):
        kind = self.path.split("/")[1]
        first = "debug=1" in self.path
        broken = os.path.exists(sys.argv[1] + ".broken")
        try:
            if kind == "slow" or (kind == "later" and broken):
                time.sleep(60)
            elif kind == "half" and not first:
                self.answer(DUMP[:len(DUMP) // 2], length=len(DUMP))
            elif kind == "cut" and not first:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(DUMP[:len(DUMP) - 20])
            elif kind == "html":
                self.answer(b"<html>goroutine</html>")
            elif kind == "status":
                self.answer(b"no", 503)
            elif kind == "huge" and not first:
                self.huge()
            elif kind == "door" and self.headers.get("Authorization") != \
                    "Basic " + base64.b64encode(b"me:secret").decode():
                self.answer(b"no", 401)
            elif kind == "key" and self.headers.get("X-Key") != "open":
                self.answer(b"no", 403)
            else:
                self.answer(TOTAL if first else DUMP)
        except OSError:
            pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
threading.Event().wait()
