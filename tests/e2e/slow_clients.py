# SPDX-License-Identifier: MIT
"""Badly behaved clients of an exporter. Usage: slow_clients.py PORT KIND…

storm SECONDS N   N clients that reconnect all the time: some send nothing, some send a byte a
                  second, some never read the answer. Prints how long scrapes take meanwhile.
turns             the same three kinds, alone: prints when each of them is disconnected
protocol          other requests: checks the status, or the number of answers
"""
import http.client
import socket
import sys
import threading
import time

port = int(sys.argv[1])
ask = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"


def connect(timeout=60):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def silent():
    connect().recv(1)


def byte_a_second():
    with connect() as s:
        for byte in ask + b"X-Long: " + b"a" * 10000:
            s.send(bytes([byte]))
            time.sleep(1)


def never_reads():
    with connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while True:
            s.sendall((ask + b"\r\n") * 20)


kinds = [silent, byte_a_second, never_reads, byte_a_second]


def again(kind):
    while True:
        try:
            kind()
        except OSError:
            pass


def storm(seconds, count):
    for i in range(count):
        threading.Thread(target=again, args=(kinds[i % len(kinds)],), daemon=True).start()
    times = []
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(times) < 20:
        begin = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/metrics")
        assert b"grmon_build_info" in connection.getresponse().read()
        connection.close()
        times.append(time.monotonic() - begin)
        time.sleep(0.02)
    times.sort()
    print(f"{len(times)} scrapes beside {count} slow clients: "
          f"median {times[len(times) // 2] * 1e3:.0f} ms, slowest {times[-1] * 1e3:.0f} ms")
    sys.exit(times[-1] > 1)


def turns():
    took = {}

    def timed(kind):
        begin = time.monotonic()
        try:
            kind()
        except OSError as error:
            # The server reset or closed the connection, before our own time limit.
            assert not isinstance(error, TimeoutError), error
        took[kind.__name__] = time.monotonic() - begin

    threads = [threading.Thread(target=timed, args=(kind,)) for kind in kinds[:3]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(50)
    print({name: round(seconds, 1) for name, seconds in took.items()})
    sys.exit(len(took) != 3 or min(took.values()) < 5 or max(took.values()) > 40)


def exchange(request, answers=1):
    """The status of the first answer, and the number of answers."""
    with connect(20) as s:
        try:
            s.sendall(request)
        except OSError:
            pass  # the request is refused before it is read
        got = b""
        try:
            while got.count(b"HTTP/1.1 ") < answers or b"\r\n\r\n" not in got:
                part = s.recv(65536)
                if not part:
                    break
                got += part
        except OSError:
            pass
    return int(got[9:12] or 0), got.count(b"HTTP/1.1 ")


def protocol():
    big = b"a" * 1000000
    end = b"\r\n\r\n"
    cases = [
        ("HTTP/1.0 without Host", b"GET /metrics HTTP/1.0" + end, 200),
        ("five at once", (ask + b"\r\n") * 5, 200, 5),
        ("HEAD", ask.replace(b"GET", b"HEAD") + b"\r\n", 200),
        ("a query", ask.replace(b"metrics", b"metrics?a=b") + b"\r\n", 200),
        ("a header of 1 MB", ask + b"X: " + big + end, 431),
        ("many headers", ask + b"X: b\r\n" * 100000 + b"\r\n", 431),
        ("an address of 1 MB", ask.replace(b"metrics", big) + b"\r\n", 414),
        ("an address of 2 KB", ask.replace(b"metrics", big[:2000]) + b"\r\n", 414),
        ("a body", ask + b"Content-Length: 5" + end + b"hello", 400),
        ("a body in chunks", ask + b"Transfer-Encoding: chunked" + end, 400),
        ("a body to come", ask.replace(b"GET", b"POST") + b"Content-Length: 5000000000" + end, 405),
        ("another method", ask.replace(b"GET", b"DELETE") + b"\r\n", 405),
        ("another name", b"GET /metrics HTTP/1.1\r\nHost: rebound.example" + end, 403),
        ("two names", ask + b"Host: rebound.example" + end, 403),
        ("the name of --listen", b"GET / HTTP/1.1\r\nHost: LOCALHOST:1" + end, 200),
        ("the address in IPv6", b"GET / HTTP/1.1\r\nHost: [::1]:1" + end, 200),
    ]
    wrong = []
    for name, request, status, *answers in cases:
        wanted = (status, (answers or [1])[0])
        got = exchange(request, wanted[1])
        if got != wanted:
            wrong.append(f"{name}: {got}, not {wanted}")
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(3):
        kept.request("GET", "/metrics")
        local = kept.sock.getsockname()
        kept.getresponse().read()
    if not kept.sock or kept.sock.getsockname() != local:
        wrong.append("a connection is not kept")
    print("\n".join(wrong))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    if sys.argv[2] == "storm":
        storm(float(sys.argv[3]), int(sys.argv[4]))
    {"turns": turns, "protocol": protocol}[sys.argv[2]]()
