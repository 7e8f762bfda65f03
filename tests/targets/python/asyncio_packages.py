# SPDX-License-Identifier: MIT
"""asyncio_packages.py PACKAGE: a program that uses a package which is not part of Python: uvloop, anyio, aiohttp,
trio or gevent."""
import asyncio
import sys


def named(name, coroutine):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


def ready():
    print("ready", flush=True)


async def on_uvloop():
    lock, queue = asyncio.Lock(), asyncio.Queue()

    async def hold():
        async with lock:
            await asyncio.sleep(3600)

    async def wait():
        async with lock:
            pass

    async def gather():
        await asyncio.gather(asyncio.sleep(3600), queue.get())

    async def read():
        server = await asyncio.start_server(lambda *_: asyncio.sleep(3600), "127.0.0.1", 0)
        reader, _ = await asyncio.open_connection(*server.sockets[0].getsockname())
        await reader.read(1)

    tasks = [named("holder", hold()), named("getter", queue.get()), named("gather", gather()), named("reader", read())]
    await asyncio.sleep(0.1)
    tasks.append(named("waiter", wait()))
    await asyncio.sleep(0.3)
    ready()
    await asyncio.sleep(3600)


async def on_anyio():
    import anyio
    send, receive = anyio.create_memory_object_stream(1)
    lock, semaphore, limiter = anyio.Lock(), anyio.Semaphore(0), anyio.CapacityLimiter(1)
    event, condition = anyio.Event(), anyio.Condition()

    async def hold():
        async with lock:
            await anyio.sleep(3600)

    async def take(what):
        async with what:
            await anyio.sleep(3600)

    async def wait_condition():
        async with condition:
            await condition.wait()

    async def put():
        full, kept = anyio.create_memory_object_stream(0)
        await full.send(1)
        print(kept)

    async with anyio.create_task_group() as group:
        group.start_soon(hold, name="holder")
        await anyio.sleep(0.1)
        group.start_soon(take, lock, name="waiter")
        group.start_soon(take, semaphore, name="semaphore")
        group.start_soon(take, limiter, name="first")
        await anyio.sleep(0.1)
        group.start_soon(take, limiter, name="limiter")
        group.start_soon(receive.receive, name="receiver")
        group.start_soon(put, name="sender")
        group.start_soon(event.wait, name="event")
        group.start_soon(wait_condition, name="condition")
        group.start_soon(anyio.to_thread.run_sync, __import__("threading").Event().wait, name="thread")
        await anyio.sleep(0.3)
        ready()
    print(send)


async def on_aiohttp():
    import aiohttp
    import aiohttp.web

    async def handle(_request):
        await asyncio.sleep(3600)

    app = aiohttp.web.Application()
    app.router.add_get("/", handle)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2))
    url = f"http://127.0.0.1:{port}/"

    async def get():
        async with session.get(url) as response:
            await response.text()

    async def both():
        await asyncio.gather(session.get(url), asyncio.sleep(3600))

    tasks = [named("get", get()), named("both", both())]
    await asyncio.sleep(0.5)
    tasks.append(named("third", get()))
    await asyncio.sleep(0.5)
    ready()
    await asyncio.sleep(3600)


def main(package):
    if package == "uvloop":
        import uvloop
        uvloop.install()
        asyncio.run(on_uvloop())
    elif package == "anyio":
        asyncio.run(on_anyio())
    elif package == "aiohttp":
        asyncio.run(on_aiohttp())
    elif package == "trio":
        import trio

        async def nap():
            ready()
            await trio.sleep(3600)
        trio.run(nap)
    else:
        import gevent
        gevent.spawn(gevent.sleep, 3600)
        gevent.spawn_later(0.1, ready)
        gevent.sleep(3600)


main(sys.argv[1])
