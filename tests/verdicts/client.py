# SPDX-License-Identifier: MIT
"""client.py http HOST PORT PATH CONNECTIONS | client.py lines HOST PORT CONNECTIONS TEXT: a
load that is bounded. Asks over every connection in turn, some hundred times a second in all,
until its standard input is closed; then keeps the connections open, idle, until it is ended."""
import select
import socket
import sys
import time

PAUSE_S = 0.004


class Connection:
    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), 20)
        self.rest = b""

    def until(self, end):
        while end not in self.rest:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.rest += more
        head, self.rest = self.rest.split(end, 1)
        return head

    def take(self, count):
        while len(self.rest) < count:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.rest += more
        self.rest = self.rest[count:]

    def http(self, request):
        self.socket.sendall(request)
        head = self.until(b"\r\n\r\n").lower()
        if b"transfer-encoding: chunked" in head:
            while True:
                size = int(self.until(b"\r\n").split(b";")[0], 16)
                self.take(size + 2)
                if size == 0:
                    return
        for line in head.split(b"\r\n"):
            if line.startswith(b"content-length:"):
                self.take(int(line.split(b":")[1]))

    def line(self, request):
        self.socket.sendall(request)
        self.until(b"\n")


def main():
    kind, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "http":
        ask, count = Connection.http, int(sys.argv[5])
        request = (f"GET {sys.argv[4]} HTTP/1.1\r\nHost: {host}\r\n"
                   "Connection: keep-alive\r\n\r\n").encode()
    else:
        ask, count = Connection.line, int(sys.argv[4])
        request = sys.argv[5].encode().decode("unicode_escape").encode()
    held = [None] * count
    turn = asked = 0
    while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        try:
            held[turn] = held[turn] or Connection(host, port)
            ask(held[turn], request)
            asked += 1
        except OSError as error:
            print(error, flush=True)  # a server may close what it has kept long enough
            held[turn] = None
        turn = (turn + 1) % count
    print(f"asked {asked} times", flush=True)
    while True:
        time.sleep(3600)


main()
