# SPDX-License-Identifier: MIT
"""Tasks that begin, call and end all the time, beside three that only wait, while garbage is collected. The name of
a task says which function its coroutine is of; python_asyncio_churn_judge.py knows which calls which, at which
line."""
import asyncio
import gc

event = None


async def inner(kind):
    if kind == "wait":
        await event.wait()
    elif kind == "sleep":
        await asyncio.sleep(0.002)
    else:
        await asyncio.sleep(0)
    return [object() for _ in range(20)]


async def middle(kind):
    return await inner(kind)


async def outer(kind):
    return await middle(kind)


async def still():
    await outer("wait")


async def short(kind):
    await outer(kind)


async def numbers(kind):
    for _ in range(3):
        yield await outer(kind)


async def iterate():
    while True:
        async for number in numbers("sleep"):
            assert number


async def ping(queue, other):
    while True:
        await other.put(await queue.get())


async def make():
    while True:
        tasks = [named("short", short("sleep" if n % 2 else "turn")) for n in range(20)]
        await asyncio.gather(*tasks)


async def collect():
    while True:
        ring = [[] for _ in range(1000)]
        for part in ring:
            part.append(ring)
        gc.collect()
        await asyncio.sleep(0.001)


def named(name, coroutine):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


async def main():
    global event
    event = asyncio.Event()
    queues = [asyncio.Queue(), asyncio.Queue()]
    queues[0].put_nowait(1)
    kept = [named("still", still()) for _ in range(3)]
    kept += [named("ping", ping(queues[n], queues[1 - n])) for n in range(2)]
    kept += [named("make", make()), named("make", make()), named("collect", collect()), named("iterate", iterate())]
    print("ready", flush=True)
    await asyncio.gather(*kept)


asyncio.run(main())
