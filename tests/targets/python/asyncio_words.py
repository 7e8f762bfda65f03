# SPDX-License-Identifier: MIT
"""Tasks of asyncio that wait for the kernel, other threads or each other, one for each word that has a rule."""
import asyncio
import socket
import sys
import threading


def blocks(*_arguments, **_more):
    threading.Event().wait()


def named(name, coroutine):
    return asyncio.get_running_loop().create_task(coroutine, name=name)


async def barrier():
    await asyncio.Barrier(3).wait()


async def group():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(3600), name="group-1")
        tasks.create_task(asyncio.sleep(3600), name="group-2")


async def dns():
    await asyncio.get_running_loop().getaddrinfo("slow.example", 80)


async def child():
    process = await asyncio.create_subprocess_exec("sleep", "3600")
    print("child", process.pid, flush=True)
    await process.wait()


async def drain(writer):
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def thread():
    await asyncio.to_thread(blocks)


async def joined(queue):
    await queue.join()


async def bounded(semaphore):
    async with semaphore:
        pass


async def sock_recv(sock):
    await asyncio.get_running_loop().sock_recv(sock, 10)


async def sock_recv_into(sock):
    await asyncio.get_running_loop().sock_recv_into(sock, bytearray(10))


async def sock_sendall(sock):
    await asyncio.get_running_loop().sock_sendall(sock, b"x" * (1 << 24))


async def sock_accept(sock):
    await asyncio.get_running_loop().sock_accept(sock)


async def sock_connect(sock, address):
    await asyncio.get_running_loop().sock_connect(sock, address)


async def connect(address):
    await asyncio.open_connection(*address)


async def sock_recvfrom(sock):
    await asyncio.get_running_loop().sock_recvfrom(sock, 10)


async def timeout(event):
    async with asyncio.timeout(3600):
        await event.wait()


async def serve(server):
    await server.serve_forever()


def pair():
    pair.kept += socket.socketpair()
    for sock in pair.kept[-2:]:
        sock.setblocking(False)
    return pair.kept[-2:]


pair.kept = []


def full_listener():
    """A socket whose queue of connections is full, so that more of them wait for ever."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(4):
        pair.kept.append(socket.socket())
        pair.kept[-1].setblocking(False)
        pair.kept[-1].connect_ex(listener.getsockname())
    pair.kept.append(listener)
    return listener


async def main():
    socket.getaddrinfo, real = blocks, socket.getaddrinfo
    tasks = [named("dns", dns())]
    await asyncio.sleep(0.2)
    socket.getaddrinfo = real
    full, idle = full_listener(), socket.socket()
    idle.bind(("127.0.0.1", 0))
    idle.listen()
    idle.setblocking(False)
    client = socket.socket()
    client.setblocking(False)
    _, writer = await asyncio.open_connection(sock=pair()[0])
    queue = asyncio.Queue()
    queue.put_nowait(1)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    tasks += [
        named("child", child()), named("drain", drain(writer)), named("join", joined(queue)),
        named("sock_recv", sock_recv(pair()[0])),
        named("semaphore", bounded(asyncio.Semaphore(0))),
        named("sock_recv_into", sock_recv_into(pair()[0])), named("sock_sendall", sock_sendall(pair()[0])),
        named("sock_accept", sock_accept(idle)), named("sock_connect", sock_connect(client, full.getsockname())),
        named("connect", connect(full.getsockname())), named("serve", serve(server)),
    ]
    if sys.version_info >= (3, 9):
        tasks.append(named("thread", thread()))
    if sys.version_info >= (3, 11):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", 0))
        datagrams.setblocking(False)
        tasks += [named("barrier", barrier()), named("group", group()), named("timeout", timeout(asyncio.Event())),
                  named("sock_recvfrom", sock_recvfrom(datagrams))]
    await asyncio.sleep(0.3)
    print("ready", flush=True)
    await asyncio.sleep(3600)
    print(tasks)


asyncio.run(main())
