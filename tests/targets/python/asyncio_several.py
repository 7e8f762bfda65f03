# SPDX-License-Identifier: MIT
"""Tasks that wait for several others while they hold a lock which some of these want. Those whose name begins with
dead can never continue, those whose name begins with live can."""
import asyncio
import sys

SINCE_11 = sys.version_info >= (3, 11)


def named(name, coroutine):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


async def want(lock):
    async with lock:
        pass


async def nap():
    await asyncio.sleep(3600)


def wants(name, lock):
    return named(f"{name}-want", want(lock))


def naps(name):
    return named(f"{name}-nap", nap())


def future():
    return asyncio.get_running_loop().create_future()


async def gather(name, lock):
    await asyncio.gather(naps(name), wants(name, lock))


async def nested(name, lock):
    await asyncio.gather(naps(name), asyncio.gather(naps(name + "2"), wants(name, lock)))


async def with_future(name, lock):
    await asyncio.gather(future(), wants(name, lock))


async def group(name, lock):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(nap(), name=f"{name}-nap")
        tasks.create_task(want(lock), name=f"{name}-want")


async def wait_all(name, lock):
    await asyncio.wait([naps(name), wants(name, lock)])


async def shield(name, lock):
    await asyncio.shield(wants(name, lock))


async def shields(name, lock):
    await asyncio.gather(naps(name), asyncio.shield(wants(name, lock)))


async def first_of_two(name, lock):
    await asyncio.wait([wants(name, lock), wants(name + "2", lock)], return_when=asyncio.FIRST_COMPLETED)


async def first(name, lock):
    await asyncio.wait([naps(name), wants(name, lock)], return_when=asyncio.FIRST_COMPLETED)


async def first_or_future(name, lock):
    await asyncio.wait([future(), wants(name, lock)], return_when=asyncio.FIRST_COMPLETED)


async def timed(name, lock):
    await asyncio.wait([wants(name, lock), naps(name)], timeout=3600)


async def completed(name, lock):
    for one in asyncio.as_completed([wants(name, lock), naps(name)]):
        await one


async def completed_of_two(name, lock):
    for one in asyncio.as_completed([wants(name, lock), wants(name + "2", lock)]):
        await one


async def timely(name, lock):
    async with asyncio.timeout(3600):
        await gather(name, lock)


async def hold(function, name):
    lock = asyncio.Lock()
    async with lock:
        await function(name, lock)


async def main():
    dead = [gather, nested, with_future, wait_all, shield, shields, first_of_two]
    live = [first, first_or_future, timed, completed]
    if SINCE_11:
        dead.append(group)
        live.append(timely)
    (dead if sys.version_info >= (3, 13) else live).append(completed_of_two)
    tasks = [named(f"dead-{f.__name__}", hold(f, f"dead-{f.__name__}")) for f in dead]
    tasks += [named(f"live-{f.__name__}", hold(f, f"live-{f.__name__}")) for f in live]
    await asyncio.sleep(0.3)
    print("ready", flush=True)
    await asyncio.sleep(3600)
    print(tasks)


asyncio.run(main())
