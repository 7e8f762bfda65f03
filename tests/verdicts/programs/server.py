# SPDX-License-Identifier: MIT
"""server.py KIND PORT: healthy programs in Python that answer over HTTP. KIND: executor,
processes, asyncio, threads (one per connection), queue (a worker with a queue of its own)."""
import asyncio
import concurrent.futures
import http.server
import multiprocessing
import queue
import sys
import threading

kind, port = sys.argv[1], int(sys.argv[2])


def work(n):
    return sum(range(n))


def serve(answer, server=http.server.ThreadingHTTPServer):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = f"{answer()}\n".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass
    server(("127.0.0.1", port), Handler).serve_forever()


async def serve_async():
    pool = concurrent.futures.ThreadPoolExecutor(2)
    jobs = asyncio.Queue()

    async def consume():
        while True:
            done = await jobs.get()
            done.set()

    async def answer(reader, writer):
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            done = asyncio.Event()
            jobs.put_nowait(done)
            await done.wait()
            await asyncio.get_running_loop().run_in_executor(pool, work, 100)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n")
            await writer.drain()

    consumers = [asyncio.create_task(consume()) for _ in range(3)]
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        await server.serve_forever()
    del consumers


if __name__ == "__main__":
    if kind == "executor":
        pool = concurrent.futures.ThreadPoolExecutor(4)
        serve(lambda: pool.submit(work, 1000).result())
    elif kind == "processes":
        processes = multiprocessing.Pool(3)
        serve(lambda: processes.apply(work, (1000,)))
    elif kind == "asyncio":
        asyncio.run(serve_async())
    elif kind == "threads":
        serve(lambda: work(1000))
    elif kind == "queue":
        jobs, events = queue.Queue(), queue.Queue()

        def worker():
            while True:
                jobs.get().set()
                events.put(1)

        def listener():
            while True:
                events.get()

        threading.Thread(target=worker, daemon=True).start()
        threading.Thread(target=listener, daemon=True).start()

        def answer():
            done = threading.Event()
            jobs.put(done)
            done.wait()
            return "fine"
        serve(answer)
