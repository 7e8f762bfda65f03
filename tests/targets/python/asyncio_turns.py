# SPDX-License-Identifier: MIT
"""asyncio_turns.py: a task that awaits one short task after the other, at one place. Their objects lie where the last one's
have lain."""
import asyncio


async def short():
    await asyncio.sleep(0.25)


async def turns():
    while True:
        await asyncio.ensure_future(short())


async def main():
    task = asyncio.ensure_future(turns())
    task.set_name("turns")
    print("ready", flush=True)
    await task


asyncio.run(main())
