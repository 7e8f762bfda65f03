# SPDX-License-Identifier: MIT
"""A server at rest: a pool without work, and a thread for each connection that is kept open."""
import concurrent.futures, socket, threading, time
pool = concurrent.futures.ThreadPoolExecutor(3)
list(pool.map(lambda _: time.sleep(0.1), range(3)))
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    while True:
        threading.Thread(target=read, args=listener.accept()).start()
def read(connection, _):
    while connection.recv(100):
        pass
threading.Thread(target=serve, daemon=True).start()
clients = [socket.create_connection(listener.getsockname()) for _ in range(4)]
for client in clients:
    client.sendall(b"hello")
print("ready", flush=True)
time.sleep(600)
