"""The console on a real socket of this machine, and raw bytes to and from it."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.console.support import Console

from assent.console.server import ConsoleServer

ANSWER_S = 10.0


class Served:
    """Where it listens."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S)

    def say(self, data: bytes, *, hang_up: bool = False) -> bytes:
        """Everything that comes back until the server closes or says no more for half a second."""
        with self.connect() as client:
            client.sendall(data)
            if hang_up:
                client.shutdown(socket.SHUT_WR)
            return heard(client)

    def answer(self, data: bytes) -> bytes:
        """The first answer to this, whole; what there is of it where the server hangs up before."""
        got = b""
        with self.connect() as client:
            client.sendall(data)
            while not is_whole(got):
                try:
                    part = client.recv(65_536)
                except ConnectionResetError:
                    return got
                if not part:
                    return got
                got += part
        return got


def is_whole(answer: bytes) -> bool:
    """Whether these bytes hold an answer to the end of its body."""
    lines, ended, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", lines.lower())
    return bool(ended) and length is not None and len(body) >= int(length[1])


def heard(client: socket.socket, quiet_s: float = 0.5) -> bytes:
    got = b""
    while True:
        try:
            part = client.recv(65_536)
        except (TimeoutError, ConnectionResetError):
            return got
        if not part:
            return got
        got += part
        client.settimeout(quiet_s)


@contextmanager
def serving(console: Console) -> Iterator[Served]:
    """The server in a thread of its own, gone at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ConsoleServer(console.app, console.web)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield Served(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(ANSWER_S)
        assert not thread.is_alive()
        listener.close()
