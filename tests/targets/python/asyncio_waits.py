# SPDX-License-Identifier: MIT
"""asyncio_waits.py FILE: tasks in every wait that asyncio has. Writes what each awaits, as the program itself
sees it, into FILE as JSON: name, then function, file and line from the innermost coroutine on."""
import asyncio
import gc
import json
import os
import sys
import threading


def step(awaitable):
    """What a coroutine or generator awaits, or None."""
    for name in "cr_await", "ag_await", "gi_yieldfrom":
        if hasattr(awaitable, name):
            return getattr(awaitable, name)
    return None


def unwrap(awaitable):
    """The interpreter has objects of its own between some coroutines, which do not show what is in them."""
    while type(awaitable).__name__ in ("coroutine_wrapper", "async_generator_asend", "anext_awaitable"):
        awaitable = gc.get_referents(awaitable)[0]
    return awaitable


def frame_of(awaitable):
    for name in "cr_frame", "ag_frame", "gi_frame":
        frame = getattr(awaitable, name, None)
        if frame:
            return frame
    return None


def chain(task):
    frames, at = [], task.get_coro()
    while at is not None and frame_of(at):
        frame = frame_of(at)
        function = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
        frames.insert(0, [function, frame.f_code.co_filename, frame.f_lineno])
        at = unwrap(step(at))
    return frames


async def get(queue):
    await queue.get()


async def put(queue):
    await queue.put(2)


async def hold(lock, wait):
    async with lock:
        await wait.wait()


async def acquire(lock):
    async with lock:
        pass


async def wait_event(event):
    await event.wait()


async def wait_condition(condition):
    async with condition:
        await condition.wait()


async def enter(semaphore):
    async with semaphore:
        pass


async def nap():
    await asyncio.sleep(3600)


async def await_future(future):
    await future


async def await_task(task):
    await task


async def gather(future):
    await asyncio.gather(named("child-1", await_future(future)), named("child-2", await_future(future)),
                         return_exceptions=True)


async def limit(queue):
    await asyncio.wait_for(queue.get(), 3000)


async def wait_some(tasks):
    await asyncio.wait(tasks)


async def read(reader):
    await reader.readline()


async def deep(n, event):
    if n == 0:
        await event.wait()
    else:
        await deep(n - 1, event)


async def numbers(event):
    yield 1
    await event.wait()
    yield 2


async def iterate(event):
    async for number in numbers(event):
        assert number == 1


class Awaitable:
    def __init__(self, event):
        self.event = event

    def __await__(self):
        yield from self.event.wait().__await__()


async def await_object(event):
    await Awaitable(event)


async def work():
    await asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)


def named(name, coroutine):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


async def main():
    loop = asyncio.get_running_loop()
    empty, full, event, lock = asyncio.Queue(), asyncio.Queue(1), asyncio.Event(), asyncio.Lock()
    full.put_nowait(1)
    future = loop.create_future()
    ours, theirs = os.path.join(os.path.dirname(sys.argv[1]), "socket"), []

    async def serve(reader, writer):
        theirs.append(writer)
        await reader.read(100)

    server = await asyncio.start_unix_server(serve, ours)
    reader, writer = await asyncio.open_unix_connection(ours)
    tasks = [
        named("getter", get(empty)), named("getter-2", get(empty)), named("putter", put(full)),
        named("holder", hold(lock, event)), named("waiter", acquire(lock)), named("event", wait_event(event)),
        named("condition", wait_condition(asyncio.Condition())),
        named("semaphore", enter(asyncio.Semaphore(0))), named("sleeper", nap()),
        named("future", await_future(future)), named("gather", gather(future)), named("limit", limit(empty)),
        named("reader", read(reader)), named("deep", deep(20, event)), named("iterate", iterate(event)),
        named("object", await_object(event)), named("executor", work()),
    ]
    tasks.append(named("task", await_task(tasks[8])))
    tasks.append(named("wait", wait_some([tasks[8], tasks[5]])))
    tasks += [asyncio.ensure_future(nap())]
    await asyncio.sleep(0.3)
    out = {}
    for task in asyncio.all_tasks():
        if task is not asyncio.current_task():
            out[task.get_name()] = chain(task)
    with open(sys.argv[1], "w") as file:
        json.dump(out, file)
    print("ready", flush=True)
    await asyncio.gather(*tasks, server.serve_forever())


asyncio.run(main())
