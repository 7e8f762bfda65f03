# SPDX-License-Identifier: MIT
"""A server that forgets one task for each request, beside workers of a queue, which rest. With "awaited", another
task awaits each of those."""
import asyncio
import sys


async def forgotten(request):
    await request.wait()


async def worker(queue):
    while True:
        await queue.get()


async def handle(requests):
    event = asyncio.Event()
    task = asyncio.create_task(forgotten(event))
    if "awaited" in sys.argv:
        task = asyncio.create_task(awaits(task), name="the-server")
    requests.append((event, task))


async def awaits(task):
    await task


async def main():
    queue, requests = asyncio.Queue(), []
    workers = [asyncio.create_task(worker(queue), name=f"worker-{n}") for n in range(3)]
    print("ready", flush=True)
    while True:
        await asyncio.sleep(0.05)
        await handle(requests)
        assert workers


asyncio.run(main())
