"""A hundred clients at once on the console's HTTP side: how long they wait, and that none of them is failed.

python -m benchmarks.clients

The server runs in a process of its own, over a ledger of ten thousand records in which a hundred ideas wait; each
client has a connection and a token of its own. First each asks as soon as it has its answer, which is as fast as the
server can be driven; then each asks once a second, as a program that watches a desk does.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from assent.approval import Access
from assent.console.guard.settings import Rate, WebSettings
from assent.console.pages.router import pages
from assent.console.reading.tail import Tail
from assent.console.seam import ConsoleDesk
from assent.console.server import SWITCH_S, ConsoleServer, create_app
from assent.runtime.clock import WallClock
from benchmarks.console import FACTS, WAITING, settings_in, write
from benchmarks.figure import Figure

CLIENTS = 100
REQUESTS = 30
PAUSED_REQUESTS = 8
PAUSE_S = 1.0
GOAL_MS = 250
# How long the desk takes for an answer, of which most is the last look at the venue.
DESK_S = 0.005
FREE = Rate(1_000_000, 1)
READS = (
    "/status", "/intents?limit=50", "/orders?limit=50", "/positions", "/exposure", "/halts", "/constitution",
    "/ledger?limit=50", "/intents?status=PENDING&limit=100", "/metrics",
)  # fmt: skip
TERMS = "ab" * 32


class Asked(NamedTuple):
    path: str
    status: int
    ms: float


async def _desk(_request: Mapping[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(DESK_S)
    return {"ok": True, "facts": ["AssentGiven"], "came_to": "released", "order_id": "o-1"}


def serve(ledger: Path, access_path: Path) -> int:
    """The console's process: says its port, then serves until its input ends."""
    sys.setswitchinterval(SWITCH_S)
    clock = WallClock()
    web = WebSettings(per_address=FREE, per_credential=FREE)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2 * CLIENTS)
    with Tail(ledger, now=clock.now) as tail:
        while not tail.snapshot.source.whole:
            tail.wait(tail.snapshot.version, 1.0)
        desk = ConsoleDesk(tail=tail, access=Access.open(access_path), ask=_desk, clock=clock, web=web)
        router, render = pages(desk)
        server = ConsoleServer(create_app(desk, routers=(router,), render=render), web)
        asyncio.run(_serve(server, listener))
    return 0


async def _serve(server: ConsoleServer, listener: socket.socket) -> None:
    print(listener.getsockname()[1], flush=True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


class Client:
    """One connection that is kept, one request at a time; so plain that it measures the server and not itself."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"

    async def live(self, paths: list[str], pause_s: float) -> list[Asked]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        told = []
        for path in paths:
            began = time.perf_counter()
            writer.write(self._request(path))
            status = await self._answer(reader)
            told.append(Asked(path, status, (time.perf_counter() - began) * 1e3))
            await asyncio.sleep(pause_s)
        writer.close()
        return told

    def _request(self, path: str) -> bytes:
        if not path.endswith("/approve"):
            return f"GET {path} HTTP/1.1\r\n{self._head}\r\n".encode()
        body = json.dumps({"terms": TERMS, "message_id": f"m-{time.perf_counter_ns()}"})
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST {path} HTTP/1.1\r\n{self._head}{kind}\r\n{body}".encode()

    async def _answer(self, reader: asyncio.StreamReader) -> int:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        return int(head.split(b" ", 2)[1])


async def crowd(port: int, tokens: list[str], requests: int, pause_s: float) -> list[Asked]:
    """All at once; each begins elsewhere in the round, and one request in ten is a yes to an intent."""
    lives = []
    for number, token in enumerate(tokens):
        round_ = cycle((*READS[number % len(READS) :], *READS[: number % len(READS)], "/intents/K7M2QX/approve"))
        lives.append(Client(port, token).live([next(round_) for _ in range(requests)], pause_s))
    return [asked for life in await asyncio.gather(*lives) for asked in life]


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder) / "desk")
        write(settings, FACTS, WAITING)
        access_path = Path(folder) / "access.sqlite"
        access, now = Access.open(access_path), WallClock().now()
        tokens = [access.issue(f"client-{number}", ("view", "approve"), now) for number in range(CLIENTS)]
        access.close()
        server = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "benchmarks.clients", "serve", str(settings.ledger_path), str(access_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with server:
            assert server.stdout is not None  # noqa: S101 - for the type checker
            port = int(server.stdout.readline())
            asyncio.run(crowd(port, tokens[:1], len(READS) + 1, 0.0))  # a console that was asked before
            driven = _measured("as fast as they are answered", port, tokens, REQUESTS, 0.0)
            watched = _measured("each once a second", port, tokens, PAUSED_REQUESTS, PAUSE_S)
            server.communicate()
    return [*driven, *watched]


def _measured(words: str, port: int, tokens: list[str], requests: int, pause_s: float) -> list[Figure]:
    began = time.perf_counter()
    asked = asyncio.run(crowd(port, tokens, requests, pause_s))
    took = time.perf_counter() - began
    failed = [one for one in asked if one.status != 200]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(asked)} requests failed, first {failed[0]}")
    times = sorted(one.ms for one in asked)
    half, most = times[len(times) // 2], times[len(times) * 99 // 100]
    slowest = max(asked, key=lambda one: one.ms)
    note = (
        f"p50 {half:.0f} ms, slowest {slowest.ms:.0f} ms ({slowest.path}); {len(asked):,} requests,"
        f" {len(asked) / took:,.0f}/s, no error; load {os.getloadavg()[0]:.1f}"
    )
    return [Figure(f"{CLIENTS} clients, {words}: p99", most, "ms", GOAL_MS, "less", note)]


def main() -> int:
    if sys.argv[1:2] == ["serve"]:
        return serve(Path(sys.argv[2]), Path(sys.argv[3]))
    for figure in figures():
        print(f"{figure.name:<56}{figure.value:>10,.1f} {figure.unit} (goal {figure.goal:g})  {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
