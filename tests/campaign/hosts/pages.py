# SPDX-License-Identifier: MIT
# pages.py PORT-FILE: serves a page with a script and an image to a browser. The image is sent when the
# file that HOSTS_HOLD names no longer exists, so that the browser can be sampled until then.
import http.server
import os
import struct
import sys
import time
import zlib

PAGE = b"""<!doctype html><body style="background:#204060;margin:0">
<div id=a style="width:50px;height:50px"></div><img src="picture.png" decoding=sync width=20 height=20>
<script>document.getElementById('a').style.background =
[1, 2].map(n => n * 2).join() == '2,4' ? '#40a020' : 'red'</script>"""


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PICTURE = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) +
           chunk(b"IDAT", zlib.compress(b"\0\xe0\x30\x20")) + chunk(b"IEND", b""))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_picture = self.path.endswith(".png")
        while is_picture and os.path.exists(os.environ.get("HOSTS_HOLD", "")):
            time.sleep(0.05)
        body = PICTURE if is_picture else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "image/png" if is_picture else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as port:
    print(server.server_address[1], file=port)
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
