"""What a console costs the desk beside it: frame to release alone, with a console, and with twenty browsers at that.

python -m benchmarks.apart [RELEASES]

The desk is that of `benchmarks.release`; the console is the process that `assent run --web` starts. The browsers are
clients in a third process, which gives way to both, since browsers have machines of their own: each holds a stream open
and reloads page after page. The three take turns several times in one run, so that whatever else the machine does meets
all of them alike.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import IO, NamedTuple

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assent.approval import Access, Refusal
from assent.config import Settings, load, template_path
from benchmarks.figure import Figure
from benchmarks.release import (
    BURST,
    EVERY_S,
    WARM_UP,
    Buyer,
    RawCommits,
    Room,
    Way,
    a_room,
    bursts,
    one,
    p50,
    p99,
    until_quoted,
)  # fmt: skip
from benchmarks.venue import ACCOUNT, START, Frames

RELEASES = 3_000
ROUNDS = 3
BROWSERS = 20
# A person who keeps pressing reload, and how far the browsers stand back.
PAUSE_S = 0.2
NICE = 19
STARTS_WITHIN_S = 60
PAGES = ("", "approvals", "orders", "positions", "intents", "ledger", "health")
LIVE = ("overview", "approvals", "orders", "positions")
ALONE, BESIDE, LOOKED_AT = "alone", "with a console", f"with {BROWSERS} browsers"
TURNS = (ALONE, BESIDE, LOOKED_AT)


class Turn(NamedTuple):
    """What was measured while so much stood beside the desk."""

    ways: list[Way]
    raw_ns: list[int]


async def measure(folder: Path, releases: int) -> dict[str, Turn]:
    """One desk, and turns of equal length."""
    frames = Frames(START)
    snapshots = frames.snapshots()
    each = releases // ROUNDS
    played = bursts(frames, WARM_UP + len(TURNS) * ROUNDS * each)
    found = {name: Turn([], []) for name in TURNS}
    settings, port = desk_file(folder)
    async with AsyncExitStack() as stack:
        here = await a_room(folder, Ed25519PrivateKey.generate(), Buyer(), snapshots, stack)
        raw = RawCommits(folder / "raw.sqlite")
        stack.callback(raw.close)

        async def play() -> str:
            await until_quoted(here)
            for _ in range(WARM_UP):
                await release(here, played)
            for _ in range(ROUNDS):
                for name in TURNS:
                    async with beside(name, settings, port):
                        raw.taken.clear()
                        for number in range(each):
                            found[name].ways.append(await release(here, played))
                            if number % 5 == 0:
                                raw.commit()
                        found[name].raw_ns.extend(raw.taken)
            return "everything was measured"

        await here.rooms.runtime.run(here.rooms.opening, until=play)
    return found


async def release(here: Room, played: Iterator[tuple[list[bytes], bytes]]) -> Way:
    way = await one(here, *next(played))
    await asyncio.sleep(EVERY_S)
    return way


def desk_file(folder: Path) -> tuple[Settings, int]:
    """The file by which the console finds the desk's ledger and its own port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = template_path("kalshi-box").read_text(encoding="utf-8").replace("@NAME@", "bench")
    for line, wanted in (
        ("dry_run = true", "dry_run = false"), ('account = "kalshi-box"', f'account = "{ACCOUNT}"'),
        ("port = 8787", f"port = {port}"),
    ):  # fmt: skip
        if text.count(line) != 1:
            raise RuntimeError(f"the template does not say {line!r} once")
        text = text.replace(line, wanted)
    (folder / "assent.toml").write_text(text, encoding="utf-8")
    return load(folder, plugins=False), port


@asynccontextmanager
async def beside(name: str, settings: Settings, port: int) -> AsyncIterator[None]:
    """Nothing, the console, or the console and those who look at it, for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        if name != ALONE:
            await stack.enter_async_context(console(settings, port))
        if name == LOOKED_AT:
            await stack.enter_async_context(browsers(settings, port))
        yield


@asynccontextmanager
async def console(settings: Settings, port: int) -> AsyncIterator[None]:
    """Started as a desk starts it."""
    process = started("assent", "web", "serve", "-C", str(settings.root), "--mode", "live", "--supervised")
    try:
        async with asyncio.timeout(STARTS_WITHIN_S):
            while not listens(port):  # noqa: ASYNC110 - a process of its own, which rings no bell of ours
                await asyncio.sleep(0.1)
        yield
    finally:
        await ended(process)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def browsers(settings: Settings, port: int) -> AsyncIterator[None]:
    """Signed in, with every stream open; what they saw is told at the end."""
    log = settings.root / "browsers.txt"
    with closing(Access.open(settings.access_path)) as access:
        secrets = [session(access, f"os:browser{number}") for number in range(BROWSERS)]
    with log.open("a", encoding="utf-8") as file:
        process = started("benchmarks.apart", "browse", str(port), said=file)
    try:
        if process.stdin is not None:
            process.stdin.write(("\n".join(secrets) + "\n").encode())
            process.stdin.close()
        async with asyncio.timeout(STARTS_WITHIN_S):
            while process.poll() is None and not log.read_text(encoding="utf-8").endswith("begun\n"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        yield
    finally:
        await ended(process)


def session(access: Access, identity: str) -> str:
    found = access.redeem(access.offer_login(identity, ("view",), time.time_ns()), time.time_ns())
    if isinstance(found, Refusal):
        raise RuntimeError(f"{identity} was not let in: {found}")  # noqa: TRY004 - the value is a refusal, not a fault
    return found.secret


def started(*words: str, said: IO[str] | int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
    """A program of our own."""
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=said, stderr=subprocess.DEVNULL
    )


async def ended(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(process.wait)


class Seen(NamedTuple):
    """What the browsers counted: how often each status came, and lines of streams."""

    statuses: dict[int, int]
    lines: list[int]


async def browse(port: int, secrets: list[str]) -> None:
    """Until a signal: then say what was seen."""
    os.nice(NICE)
    seen, stop = Seen({}, [0]), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tasks = []
    async with AsyncExitStack() as stack:
        for number, secret in enumerate(secrets):
            client = await stack.enter_async_context(httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", timeout=30, cookies={f"assent-{port}": secret},
                headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
            ))  # fmt: skip
            tasks += [
                asyncio.create_task(reload(client, number, seen)),
                asyncio.create_task(watch(client, number, seen)),
            ]
        while seen.lines[0] == 0 or not seen.statuses.get(200):  # noqa: ASYNC110 - counted by the tasks
            await asyncio.sleep(0.05)
        print("begun", flush=True)
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    statuses = ", ".join(f"{count} of {status}" for status, count in sorted(seen.statuses.items()))
    print(f"pages by status: {statuses}; {seen.lines[0]} lines of streams", flush=True)


async def reload(client: httpx.AsyncClient, number: int, seen: Seen) -> None:
    turn = number
    while True:
        answer = await client.get(f"/console/{PAGES[turn % len(PAGES)]}")
        seen.statuses[answer.status_code] = seen.statuses.get(answer.status_code, 0) + 1
        turn += 1
        await asyncio.sleep(PAUSE_S)


async def watch(client: httpx.AsyncClient, number: int, seen: Seen) -> None:
    while True:
        async with client.stream("GET", f"/console/live/{LIVE[number % len(LIVE)]}", timeout=None) as answer:
            async for _ in answer.aiter_lines():
                seen.lines[0] += 1
        await asyncio.sleep(PAUSE_S)


def figures(releases: int = RELEASES) -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = asyncio.run(measure(folder, releases))
        told = [line for line in (folder / "browsers.txt").read_text(encoding="utf-8").splitlines() if line != "begun"]
    made: list[Figure] = []
    for turn, (ways, raw_ns) in found.items():
        whole = [way.whole for way in ways]
        rest = [way.whole - way.commit for way in ways]
        raw = f"raw commit in the same seconds {p50(raw_ns):.2f} and {p99(raw_ns):.2f} ms"
        raw += f"; all but its own commit {p50(rest):.2f} and {p99(rest):.2f}"
        note = f"{len(whole):,} releases, each among {BURST} frames; load {os.getloadavg()[0]:.1f}"
        made += [
            Figure(f"frame to release, {turn}, p50", p50(whole), "ms", 0.6, "less", note),
            Figure(f"frame to release, {turn}, p99", p99(whole), "ms", 3, "less", raw),
        ]
    made[-1] = made[-1]._replace(note=f"{made[-1].note}; in the last turn {told[-1]}")
    return made


def main() -> int:
    if sys.argv[1:2] == ["browse"]:
        asyncio.run(browse(int(sys.argv[2]), sys.stdin.read().split()))
        return 0
    for figure in figures(int(sys.argv[1]) if len(sys.argv) > 1 else RELEASES):
        goal = f" (goal {figure.goal:g})" if figure.goal else ""
        print(f"{figure.name:<56}{figure.value:>10,.3f} {figure.unit}{goal}  {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
