# SPDX-License-Identifier: MIT
"""asyncio_many.py COUNT: about COUNT tasks that wait in the ways of a busy service, each for an object
of its own as a rule: timers, queues, events, locks, semaphores, gathers, timeouts, sockets. Prints "ready". A
ticker of ten turns a second then says every second how late its latest turn was: "late 0.12", in milliseconds."""
import asyncio
import resource
import socket
import sys

STREAMS_MOST = 2000


async def nap():
    await asyncio.sleep(3600)


async def wait_event(event):
    await event.wait()


async def request(event):
    await wait_event(event)


async def get(queue):
    await queue.get()


async def put(queue):
    await queue.put(1)


async def acquire(lock):
    async with lock:
        await asyncio.sleep(3600)


async def limited(event):
    try:
        await asyncio.wait_for(event.wait(), 3600)
    except asyncio.TimeoutError:
        pass


async def two():
    await asyncio.gather(nap(), nap())


async def read(reader):
    while await reader.readline():
        pass


def full():
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    return queue


async def stream(kept):
    ours, other = socket.socketpair()
    ours.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=ours)
    kept.append((writer, other))
    return reader


async def tick():
    until = asyncio.get_running_loop().time()
    while True:
        worst = 0
        for _ in range(10):
            until += 0.1
            await asyncio.sleep(until - asyncio.get_running_loop().time())
            worst = max(worst, asyncio.get_running_loop().time() - until)
            until = max(until, asyncio.get_running_loop().time() - 0.1)
        print(f"late {worst * 1e3:.2f}", flush=True)


async def main(count):
    shared, lock, semaphore = asyncio.Queue(), asyncio.Lock(), asyncio.Semaphore(1)
    kept, kinds, tasks = [], [], []
    await semaphore.acquire()
    kinds += [nap] * 4 + [lambda: request(asyncio.Event())] * 3 + [lambda: get(asyncio.Queue())] * 3
    kinds += [lambda: get(shared)] * 2 + [lambda: put(full())] + [lambda: acquire(lock)] * 2
    kinds += [lambda: acquire(asyncio.Lock()), lambda: limited(asyncio.Event()), lambda: acquire(semaphore)]
    kinds += [two] * 2
    while len(asyncio.all_tasks()) < count:
        for kind in kinds:
            tasks.append(asyncio.create_task(kind()))
        if len(kept) < STREAMS_MOST:
            tasks.append(asyncio.create_task(read(await stream(kept))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    print("ready", flush=True)
    await tick()


resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
asyncio.run(main(int(sys.argv[1])))
