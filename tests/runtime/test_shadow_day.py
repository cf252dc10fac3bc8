"""The shadow book beside a whole desk in observe, over hours of the boxed exchange in this process."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assent.desk.desk import Desk
from assent.desk.strategy import View
from assent.exchange.boxed import BoxedExchange
from assent.exchange.types import DAY
from assent.ledger.memory import MemoryStore
from assent.model.constitution import Constitution
from assent.model.facts import Fact, FillBooked, OrderReleased
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.units import HOUR, MICRO, MINUTE, SECOND
from assent.model.would import WouldOrderEnded, WouldRelease
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.recovery import Identity, opening_inputs
from assent.runtime.runtime import Runtime
from assent.runtime.shadow import Shadow
from assent.runtime.shadow_file import ShadowFile, read_book
from assent.venue.paper.adapter import LATENCY_NS
from assent.venue.sim.adapter import SimVenue
from assent.venue.watching import Watching

START = 20_458 * DAY + 13 * HOUR
STRETCH = 3 * HOUR
SERIES = ("KXHIGHSIM", "KXHIGHHILLSIM", "KXTEMPSIM", "KXRATESIM", "KXGAMESIM")
LIMITS = Constitution(
    series=SERIES, edge_min=1, risk_per_trade_max=10 * MICRO, open_positions_max=100, total_exposure_max=900 * MICRO,
    quote_proof_age_max=30 * SECOND, entries_per_hour_max=60,
)  # fmt: skip
IDENTITY = Identity("observe", "sim", "sim", "desk", LIMITS)


class Eager:
    """Every four minutes at most in each market: takes the ask, or rests at the bid, in turns."""

    name = "eager"

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self.turn = 0

    def on_quote(self, view: View, seen: QuoteSeen) -> list[Proposal] | None:
        name, bid, ask = seen.instrument, seen.bid, seen.ask
        if bid is None or ask is None or not 150_000 < bid < ask < 850_000 or view.now < self.next.get(name, 0):
            return None
        self.next[name] = view.now + 4 * MINUTE
        self.turn += 1
        if self.turn % 2:
            return [Proposal(name, price=ask, fair=MICRO, qty_max=2 * MICRO)]
        return [Proposal(name, price=bid, fair=MICRO, qty_max=2 * MICRO, time_in_force="gtc", life_ns=3 * MINUTE)]


class Observed:
    """A desk in observe, with or without a shadow, for one life or more of it."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.store = MemoryStore()
        self.records: list[tuple[int, Fact]] = []
        self.exchange = BoxedExchange.open(None, seed=3, start_ts=START, account="desk", cash=1_000 * MICRO)
        self.clock = VirtualClock(START)
        self.strategy = Eager()
        self.shadow: Shadow | None = None

    def of(self, kind: type) -> list[Any]:
        return [fact for _, fact in self.records if type(fact) is kind]

    async def lives(self, for_ns: int) -> None:
        desk = Desk([self.strategy])
        desk.restore(self.records)
        observers: list[Any] = [self._note]
        if self.path is not None:
            self.shadow = Shadow(
                ShadowFile(self.path), self.clock, cash=lambda: desk.state.cash, standing=frozenset(desk.state.would)
            )
            observers.append(self.shadow)
        venue = Watching(
            SimVenue(self.exchange, self.clock, name="sim"), self.shadow.hear if self.shadow else None
        )  # fmt: skip
        runtime = Runtime(
            desk=desk, store=self.store, venue=venue, clock=self.clock, cycle_ns=10 * SECOND, observers=observers
        )
        opening = opening_inputs(desk, IDENTITY, ledger_id="0" * 16, build="test", state_dir=None, now=self.clock.now())

        async def until() -> str:
            await self.clock.sleep(for_ns)
            return "enough"

        await runtime.run(opening, until=until)

    def _note(self, _seq: int, ts: int, fact: Fact) -> None:
        self.records.append((ts, fact))


def lived(path: Path | None, stretches: Sequence[int]) -> Observed:
    observed = Observed(path)

    async def whole() -> None:
        for stretch in stretches:
            await observed.lives(stretch)

    virtual.run(whole())
    return observed


def test_hours_of_observe_are_played_on_paper_and_neither_desk_nor_ledger_nor_exchange_notices(tmp_path: Path) -> None:
    path = tmp_path / "shadow.jsonl"
    parts = (HOUR, STRETCH - HOUR)
    played, plain = lived(path, parts), lived(None, parts)
    assert played.store.head() == plain.store.head(), "record for record the same, hashes included"
    assert not played.of(OrderReleased)
    assert not played.of(FillBooked)
    assert played.exchange.balance().cash == 1_000 * MICRO
    assert not played.exchange.orders()

    lines = [json.loads(text) for text in path.read_text().splitlines()]
    assert all(line["hypothetical"] is True for line in lines)
    would = {fact.order.order_id: (ts, fact.order) for ts, fact in played.records if type(fact) is WouldRelease}
    ended = {fact.order_id: ts for ts, fact in played.records if type(fact) is WouldOrderEnded}
    fills = [line for line in lines if line["kind"] == "filled"]
    settled = [line for line in lines if line["kind"] == "settled"]
    maker = [line for line in fills if not line["taker"]]
    print(f"would {len(would)}, fills {len(fills)} ({len(maker)} of resting orders), settled {len(settled)}")  # noqa: T201
    assert len(would) >= 50
    assert len(fills) >= 20
    assert maker
    assert settled
    for line in fills:
        released_ts, order = would[line["order_id"]]
        assert line["ts"] >= released_ts + LATENCY_NS
        assert line["price"] <= order.price if order.side == "buy" else line["price"] >= order.price
        assert line["taker"] or line["ts"] <= ended.get(order.order_id, line["ts"]) + LATENCY_NS
    for order_id, (_, order) in would.items():
        assert sum(line["qty"] for line in fills if line["order_id"] == order_id) <= order.qty
    recomputed(lines, path)


def recomputed(lines: list[dict[str, Any]], path: Path) -> None:
    """The cash by arithmetic of our own: everything was bought, and each market paid what its YES was worth."""
    cash, held, fees = lines[0]["cash"], dict[str, int](), 0
    for line in lines:
        if line["kind"] == "filled":
            assert line["side"] == "buy"
            held[line["instrument"]] = held.get(line["instrument"], 0) + line["qty"]
            cash -= line["price"] * line["qty"] // MICRO + line["fee"]
            fees += line["fee"]
        elif line["kind"] == "settled":
            cash += line["value"] * held.pop(line["instrument"]) // MICRO
    book = read_book(path)
    assert book is not None
    assert (book.cash, book.fees) == (cash, fees)
    assert {name: each.qty for name, each in book.held.items()} == held
