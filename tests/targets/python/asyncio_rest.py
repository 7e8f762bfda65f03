# SPDX-License-Identifier: MIT
"""asyncio_rest.py FILE: a task that waits for a queue that stays empty, in a loop that nothing wakes. Another thread makes
the task "late" once FILE is there, and does not wake the loop."""
import asyncio
import os
import sys
import threading
import time


async def consume(queue):
    await queue.get()


def make_late(loop, made):
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.05)
    made.append(loop.create_task(consume(None), name="late"))
    time.sleep(3600)


async def main():
    task = asyncio.ensure_future(consume(asyncio.Queue()))
    loop = asyncio.get_running_loop()
    threading.Thread(target=make_late, args=(loop, []), daemon=True).start()
    loop.call_later(0.01, lambda: print("ready", flush=True))
    await task


asyncio.run(main())
