"""How soon a page of the console answers over a real socket, and how soon what was committed reaches an open page.

    python -m benchmarks.pages

A console in a process of its own over a ledger of some ten thousand records with a hundred intents that wait; one
browser's session. Half a minute.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

import httpx

from assent.approval import Access
from assent.console.guard.settings import WebSettings
from assent.ledger.port import Entry
from assent.ledger.sqlite import SqliteStore
from assent.model.facts import SCHEMA_VERSION, EquityMarked, encode_fact
from benchmarks.apart import session
from benchmarks.console import FACTS, WAITING, settings_in, write
from benchmarks.figure import Figure

PAGES: Final = ("", "approvals", "intents", "orders", "positions", "halts", "ledger", "constitution", "health")
LOADS = 20
COMMITS = 20
PAGE_GOAL_MS, NEWS_GOAL_MS = 100, 1_000


async def loads(client: httpx.AsyncClient) -> list[Figure]:
    """Each page, one after the other, again and again."""
    found = []
    for page in PAGES:
        took = []
        for _ in range(LOADS):
            began = time.perf_counter()
            answer = await client.get(f"/console/{page}")
            took.append((time.perf_counter() - began) * 1e3)
            answer.raise_for_status()
        note = f"longest of {LOADS}: {max(took):.0f} ms"
        found.append(Figure(f"page /console/{page}", median(took), "ms", PAGE_GOAL_MS, "less", note))
    return found


async def news(client: httpx.AsyncClient, ledger: Path) -> list[Figure]:
    """From the return of a commit until the fragment with its number has come over the stream of an open page."""
    store, took = SqliteStore.open(ledger), []
    async with client.stream("GET", "/console/live/overview", timeout=None) as answer:
        answer.raise_for_status()
        lines = answer.aiter_lines()
        for number in range(1, COMMITS + 1):
            worth = f"{7_000 + number:,}.12"
            fact = EquityMarked(equity=(7_000 + number) * 1_000_000 + 120_000, cash=number, exposure=0)
            store.append([Entry(store.head().ts, "EquityMarked", SCHEMA_VERSION, encode_fact(fact))])
            began = time.perf_counter()
            async for line in lines:
                if worth in line or worth.replace(",", "") in line:
                    break
            took.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(0.013)
    store.close()
    note = f"longest of {COMMITS}: {max(took):.0f} ms; load {os.getloadavg()[0]:.1f}"
    return [Figure("from a commit to the open page", median(took), "ms", NEWS_GOAL_MS, "less", note)]


async def look(port: int, secret: str, ledger: Path) -> list[Figure]:
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", timeout=30, cookies={f"assent-{WebSettings().port}": secret},
        headers={"accept": "text/html", "sec-fetch-site": "same-origin"},
    ) as client:  # fmt: skip
        async with asyncio.timeout(120):
            return [*await loads(client), *await news(client, ledger)]


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder) / "desk")
        write(settings, FACTS, WAITING)
        access_path = Path(folder) / "access.sqlite"
        access = Access.open(access_path)
        secret = session(access, "os:ada")
        access.close()
        server = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "benchmarks.clients", "serve", str(settings.ledger_path), str(access_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with server:
            assert server.stdout is not None  # noqa: S101 - for the type checker
            try:
                return asyncio.run(look(int(server.stdout.readline()), secret, settings.ledger_path))
            finally:
                server.communicate()


def main() -> int:
    for figure in figures():
        print(f"{figure.name:<44}{figure.value:>10,.1f} {figure.unit} (goal {figure.goal:g})  {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
