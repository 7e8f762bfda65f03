# SPDX-License-Identifier: MIT
"""Tasks that wait for each other: a ring of three locks, and two tasks that await each other. Others only wait
for those, or would be in a ring if no timeout ended it. "taken-condition" and "taken-back" want locks back that they gave away
inside of their async with statements, and that others took by acquire()."""
import asyncio

ready = 0


async def ring(first, second, limit=None):
    global ready
    async with first:
        ready += 1
        while ready < 5:
            await asyncio.sleep(0.01)
        if limit:
            await asyncio.wait_for(enter(second), limit)
        else:
            await enter(second)


async def enter(lock):
    async with lock:
        pass


async def mutual(tasks, other):
    while other not in tasks:
        await asyncio.sleep(0.01)
    await tasks[other]


async def parked(lock, condition):
    async with lock:
        await condition.wait()


async def borrow(lock, condition):
    await lock.acquire()
    condition.notify_all()
    await asyncio.sleep(3600)


async def back(lock):
    async with lock:
        lock.release()
        await asyncio.sleep(0.2)
        await lock.acquire()


def named(name, coroutine):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


async def main():
    locks = [asyncio.Lock() for _ in range(3)]
    limited = [asyncio.Lock() for _ in range(2)]
    tasks = {}
    kept = [named(f"ring-{n}", ring(locks[n], locks[(n + 1) % 3])) for n in range(3)]
    kept += [named(f"limited-{n}", ring(limited[n], limited[1 - n], 3600)) for n in range(2)]
    for n in range(2):
        tasks[n] = named(f"mutual-{n}", mutual(tasks, 1 - n))
    await asyncio.sleep(0.3)
    kept.append(named("late", enter(locks[0])))
    lock, lent = asyncio.Lock(), asyncio.Lock()
    condition = asyncio.Condition(lock)
    kept.append(named("taken-condition", parked(lock, condition)))
    kept.append(named("taken-back", back(lent)))
    await asyncio.sleep(0.1)
    kept.append(named("borrower", borrow(lock, condition)))
    kept.append(named("lender", lent.acquire()))
    kept.append(named("joiner", mutual(tasks, 0)))
    await asyncio.sleep(0.3)
    print("ready", flush=True)
    await asyncio.sleep(3600)


asyncio.run(main())
