# SPDX-License-Identifier: MIT
"""service.py FILE: a server of asyncio with a thread that asks it for something 30 times a second while FILE
exists. Each request leaves a task behind that nobody ends. Another thread waits for a lock that no with statement
holds."""
import asyncio
import os
import socket
import sys
import threading
import time

signal = threading.Lock()
signal.acquire()
left = []


async def audit(done):
    await done.wait()


async def handle(reader, writer):
    left.append(asyncio.create_task(audit(asyncio.Event())))
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


def load(port):
    while True:
        if os.path.exists(sys.argv[1]):
            with socket.create_connection(("127.0.0.1", port)) as peer:
                peer.sendall(b"one\n")
                peer.recv(10)
        time.sleep(0.03)


def await_signal():
    signal.acquire()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    threading.Thread(target=load, args=(port,), name="load", daemon=True).start()
    threading.Thread(target=await_signal, name="signalled", daemon=True).start()
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
