# SPDX-License-Identifier: MIT
"""Tasks that are not of asyncio's own class in C: of one in Python, of a class that is derived from it, one whose
coroutine is inside of another object, and one of another interpreter in the same process."""
import asyncio
import threading

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

OTHER = """
import asyncio
async def of_other():
    await asyncio.Event().wait()
async def main():
    task = asyncio.get_running_loop().create_task(of_other())
    await asyncio.sleep(3600)
asyncio.run(main())
"""


class PythonTask(asyncio.tasks._PyTask):
    pass


class DerivedTask(asyncio.Task):
    pass


class Wrapper:
    """Like aiohttp's requests."""
    __slots__ = ("_coro",)

    def __init__(self, coroutine):
        self._coro = coroutine

    def send(self, value):
        return self._coro.send(value)

    def throw(self, *what):
        return self._coro.throw(*what)

    def close(self):
        return self._coro.close()

    def __await__(self):
        return self._coro.__await__()


async def event():
    await asyncio.Event().wait()


async def joins(task):
    await task


async def main():
    import collections.abc
    collections.abc.Coroutine.register(Wrapper)
    loop = asyncio.get_running_loop()
    tasks = [DerivedTask(event(), loop=loop, name="derived"), loop.create_task(Wrapper(event()), name="wrapped")]
    tasks.append(PythonTask(event(), loop=loop, name="python"))
    tasks.append(loop.create_task(joins(tasks[2]), name="joins"))
    await asyncio.sleep(0.3)
    print("ready", flush=True)
    await asyncio.sleep(3600)
    print(tasks)


def other():
    run = getattr(interpreters, "run_string", None) or interpreters.exec
    try:
        create = interpreters.create
        print(run(create("legacy") if hasattr(interpreters, "new_config") else create(), OTHER), flush=True)
    except Exception as error:
        print(error, flush=True)


threading.Thread(target=other, name="other", daemon=True).start()
asyncio.run(main())
