"""An order whose fate no evidence settles, on the real program: halted, resolved by a person, equal books, trading on.

The desk runs in a process of its own and is asked over its socket. Its exchange loses the first order on the way and
knows nothing of it afterwards, not even that it never came.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.support import Cli

from assent.cli.exits import Exit

WAIT_S = 60
WHO = ("--by", "Ada", "--reason", "asked their support")
# The program, with one order lost for good and a strategy that wants to buy at each quote.
PROGRAM = """
import sys
from assent.app import around, wiring
from assent.cli.main import main
from assent.model.inputs import Unknown
from assent.model.intents import Proposal
from assent.venue.sim.adapter import SimVenue

class Lossy(SimVenue):
    lost = None
    async def send(self, order):
        if self.lost is None:
            self.lost = order.order_id
            return Unknown("no answer in time")
        return await super().send(order)
    async def find(self, order, since_ts):
        return None if order.order_id == self.lost else await super().find(order, since_ts)

class Eager:
    name = "eager"
    def on_quote(self, view, quote):
        if quote.ask is None or quote.ask > 800_000:
            return None
        return [Proposal(quote.instrument, price=quote.ask, fair=quote.ask + 150_000, qty_max=1_000_000)]

around.SimVenue = Lossy
wiring.build_strategies = lambda _settings: [Eager()]
sys.exit(main(["run", sys.argv[1], "--speed", "100", "--non-interactive"]))
"""


@pytest.fixture
def folder(cli: Cli, tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "desk"
    assert cli("init", place).code == Exit.OK
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(place)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield place
    if process.poll() is None:
        process.terminate()
    _, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, err) == (0, "")


def until(ask: Callable[[], Any]) -> Any:
    """Ask again and again until there is something."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came")


def test_an_unknown_that_no_evidence_settles_is_settled_by_a_person_and_the_desk_trades_on(
    cli: Cli, folder: Path
) -> None:
    def status() -> Any:
        return cli("status", "-C", folder, "--json").json

    def causes() -> set[str]:
        return {halt["cause"] for halt in status()["halts"]}

    until(lambda: status()["running"] and "unknown_overdue" in causes())
    (lost,) = [order for order in status()["orders"] if order["status"] == "unknown"]
    assert status()["level"] == "HALTED"
    refused = cli("halt", "resume", "-C", folder, *WHO)
    assert refused.code == Exit.REFUSED
    assert "assent orders resolve" in refused.err
    unclear = cli("reconcile", "show", "-C", folder)
    assert unclear.code == Exit.UNKNOWN
    assert lost["order_id"] in unclear.out

    said = ("--as", "not-placed", "--evidence", "ticket 4711: it never reached the book")
    done = cli("orders", "resolve", lost["order_id"][:12], *said, *WHO, "-C", folder)
    assert (done.code, done.err) == (Exit.OK, "")
    assert done.out.startswith("resolved as not-placed (by Ada, via the running desk)\nour books equal the venue's")
    assert cli("orders", "resolve", lost["order_id"], *said, *WHO, "-C", folder).code == Exit.REFUSED, "only once"
    assert cli("halt", "resume", "-C", folder, *WHO).code == Exit.OK
    told = cli("why", lost["order_id"], "-C", folder)
    assert "ticket 4711: it never reached the book" in " ".join(told.out.split())
    (held, *_) = until(lambda: status()["positions"])

    def closed() -> Any:
        """A bid may be gone for a moment; then the refusal says so."""
        done = cli("positions", "close", held["instrument"], *WHO, "-C", folder, "--json")
        assert done.code in (Exit.OK, Exit.REFUSED)
        return done.json if done.code == Exit.OK else None

    (intent,) = until(closed)["intents"]
    assert intent["instrument"] == held["instrument"]
    assert "Ada asked: asked their support" in cli("why", intent["code"], "-C", folder).out
    (left, *_) = until(lambda: status()["positions"])
    assert cli("halt", "now", "-C", folder, *WHO).code == Exit.OK
    halted = cli("positions", "close", left["instrument"], "--price", "0.5", *WHO, "-C", folder)
    assert halted.code == Exit.REFUSED
    assert "[level] A halt forbids this action" in halted.err
    assert cli("ledger", "verify", "-C", folder).code == Exit.OK
