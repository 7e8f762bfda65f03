# SPDX-License-Identifier: MIT
"""A server that accepts every connection and never answers. Prints its port."""
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(50)
print("port", s.getsockname()[1], flush=True)
time.sleep(600)
