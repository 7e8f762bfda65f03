# SPDX-License-Identifier: MIT
"""hostile.py KIND: a program whose own asyncio objects lie. It then only sleeps, because they cannot be used any
more. Everything is made of copies of true objects, in memory that the interpreter does not know."""
import asyncio
import asyncio.tasks as tasks
import ctypes
import mmap
import struct
import sys
import time

MANY = 32768
STRIDE = 1024
kind = sys.argv[1]
kept = []


def peek(address):
    return ctypes.c_uint64.from_address(address).value


def poke(address, value):
    ctypes.c_uint64.from_address(address).value = value & (1 << 64) - 1


def replace(data, old, new):
    """Words that are `old`, with or without a tag, become `new`."""
    words = list(struct.unpack(f"{len(data) // 8}Q", data))
    assert any(word & ~3 == old for word in words), "there is no such word"
    return struct.pack(f"{len(words)}Q", *(new | word & 3 if word & ~3 == old else word for word in words))


def room(size):
    memory = mmap.mmap(-1, size)
    kept.append(memory)
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


def copies(template, patch=None):
    """MANY copies of an object; patch returns what must be changed in one: offset to value."""
    memory, start = room(MANY * STRIDE)
    memory[:] = template.ljust(STRIDE, b"\0") * MANY
    for n in range(MANY if patch else 0):
        for offset, value in patch(start + n * STRIDE).items():
            struct.pack_into("Q", memory, n * STRIDE + offset, value)
    return start


def object_of(thing, size=None):
    return ctypes.string_at(id(thing), size or sys.getsizeof(thing) + 64)


def show(task_at):
    """Makes asyncio's set of tasks one of these: the address of each, by its number."""
    weak = tasks._scheduled_tasks if hasattr(tasks, "_scheduled_tasks") else tasks._all_tasks
    table, table_at = room(MANY * 16)
    references, references_at = room(MANY * 32)
    reference = ctypes.string_at(id(next(iter(weak.data))), 32)
    references[:] = reference * MANY
    for n in range(MANY):
        struct.pack_into("Q", references, n * 32 + 16, task_at(n))
        struct.pack_into("QQ", table, n * 16, references_at + n * 32, n)
    poke(id(weak.data) + 32, MANY - 1)
    poke(id(weak.data) + 40, table_at)


def offset_of(data, value):
    at = struct.unpack(f"{len(data) // 8}Q", data[: len(data) // 8 * 8]).index(value)
    return at * 8


async def inner(queue):
    await queue.get()


async def outer(queue):
    await inner(queue)


async def main():
    queue = asyncio.Queue()
    kept.append(queue)
    for _ in range(3):
        kept.append(asyncio.create_task(outer(queue)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task = kept[-1]
    coroutine = task.get_coro()
    data = object_of(task, type(task).__basicsize__)
    at = offset_of(data, id(coroutine))
    weak = tasks._scheduled_tasks if hasattr(tasks, "_scheduled_tasks") else tasks._all_tasks
    if kind == "claims":
        poke(id(weak.data) + 24, 10**9)
        poke(id(weak.data) + 32, (1 << 30) - 1)
    elif kind == "same":
        # One name, and so one wanted number.
        start = copies(data)
        show(lambda n: start + n * STRIDE)
    elif kind == "loops":
        # Each coroutine awaits itself. Up to 3.10 its frame is apart.
        frame = coroutine.cr_frame
        old = sys.version_info < (3, 11)
        holder = object_of(frame if old else coroutine)
        start = copies(data, lambda address: {at: id(coroutine)})
        places = [o for o in range(0, len(holder) - 7, 8)
                  if struct.unpack_from("Q", holder, o)[0] & ~3 == id(coroutine.cr_await)]
        for place in places:
            poke(id(frame if old else coroutine) + place, id(coroutine) | holder[place] & 3)
        show(lambda n: start + n * STRIDE)
    elif kind == "dict":
        # Attributes of the queue: a million entries, of keys that are the same text.
        entries, entries_at = room(24 << 20)
        entries[:] = struct.pack("QQQ", 1, id("some text"), id(None)) * (1 << 20)
        attributes = queue.__dict__
        kept.append(attributes)
        keys = peek(id(attributes) + 32)
        if sys.version_info < (3, 11):
            whole, whole_at = room(40 + 8 * (1 << 20) + 24 * (1 << 20))
            struct.pack_into("QQQQQ", whole, 0, 1, 1 << 20, 0, 0, 1 << 20)
            whole[40 + 4 * (1 << 20):40 + 28 * (1 << 20)] = entries[:]
        else:
            whole, whole_at = room(32 + (1 << 22) + 24 * (1 << 20))
            whole[:32] = ctypes.string_at(keys, 32)
            whole[8:11] = bytes([20, 22, 0])
            struct.pack_into("Q", whole, 24, 1 << 20)
            whole[32 + (1 << 22):] = entries[:]
        poke(id(attributes) + 32, whole_at)
        poke(id(attributes) + 40, 0)
        start = copies(data)
        show(lambda n: start + n * STRIDE)
    elif kind == "sizes":
        # Every dict of the modules, the queue and the loop is of 2^62 entries.
        for attributes in (queue.__dict__, asyncio.get_running_loop().__dict__):
            kept.append(attributes)
            keys, keys_at = room(4096)
            keys[:64] = ctypes.string_at(peek(id(attributes) + 32), 64)
            if sys.version_info < (3, 11):
                struct.pack_into("QQQQ", keys, 8, 1 << 62, 0, 0, 1 << 62)
            else:
                keys[8:10] = bytes([62, 62])
                struct.pack_into("Q", keys, 24, 1 << 62)
            poke(id(attributes) + 32, keys_at)
    print("ready", flush=True)
    time.sleep(3000)


asyncio.run(main())
