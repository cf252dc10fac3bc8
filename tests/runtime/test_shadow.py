"""Observe's shadow book: pessimistic, apart, marked as hypothetical, and going on where it was left."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.model.support import a_market

from assent.exchange.paper import PaperExchange
from assent.model.inputs import CashSeen, FillSeen, InstrumentSeen, PhaseSeen, QuoteLost, QuoteSeen, SettlementSeen
from assent.model.orders import Fill, Order
from assent.model.units import MICRO, MINUTE, SECOND
from assent.model.would import WouldOrderEnded, WouldRelease
from assent.runtime import shadow as shadowing
from assent.runtime.clock import VirtualClock
from assent.runtime.shadow import Shadow
from assent.runtime.shadow_file import ShadowFile, read_book
from assent.venue.paper.adapter import LATENCY_NS

START = 1_767_607_200 * SECOND
MARKET = a_market()
CASH = 100 * MICRO


class Bench:
    """A shadow whose market and whose desk a test plays."""

    def __init__(self, path: Path, *, bytes_max: int = 1 << 20, wall: int = START) -> None:
        self.path = path
        self.bytes_max = bytes_max
        self.now = wall
        self.asked_cash = 0
        self.standing: set[str] = set()
        self.shadow: Shadow
        self.start()

    def start(self) -> None:
        """A new process; the market is listed and open again, without a quote."""
        self.clock = VirtualClock(self.now)
        self.clock.now = lambda: self.now  # type: ignore[method-assign]
        file = ShadowFile(self.path, bytes_max=self.bytes_max)
        self.shadow = Shadow(file, self.clock, cash=self.cash, standing=frozenset(self.standing))
        self.fees_before: Any = self.shadow.summary()["fees"]

    def listed(self) -> "Bench":
        self.hear(InstrumentSeen(MARKET, self.now))
        self.hear(PhaseSeen(MARKET.id, "open", self.now, self.now))
        return self

    def cash(self) -> int:
        self.asked_cash += 1
        return CASH

    def hear(self, item: Any) -> None:
        self.shadow.hear("market", item)

    def quote(self, bid: int, ask: int, qty: int = 10) -> None:
        self.hear(QuoteSeen(MARKET.id, bid * 10_000, qty * MICRO, ask * 10_000, qty * MICRO, self.now, self.now))

    def later(self, ns: int) -> "Bench":
        self.now += ns
        return self

    def would(self, order_id: str = "o-1", **changes: Any) -> Order:
        """The desk commits that it would have released this."""
        terms: dict[str, Any] = {
            "order_id": order_id, "intent_id": f"i-{order_id}", "attempt": 1, "instrument": MARKET.id, "side": "buy",
            "type": "limit", "price": 450_000, "qty": 4 * MICRO, "time_in_force": "gtc",
        }  # fmt: skip
        order = Order(**(terms | changes))
        self.shadow(1, self.now, WouldRelease(order=order, digest="d", assent="autonomous"))
        self.standing.add(order_id)
        return order

    def ends(self, order_id: str = "o-1", why: str = "its life is over") -> None:
        self.shadow(2, self.now, WouldOrderEnded(order_id=order_id, why=why))
        self.standing.discard(order_id)

    def settle(self, value: int) -> None:
        result: Any = {0: "no", MICRO: "yes"}.get(value, "scalar")
        self.hear(SettlementSeen(MARKET.id, result, value, self.now, self.now))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.path.read_text().splitlines()] if self.path.exists() else []

    def kinds(self) -> list[str]:
        return [line["kind"] for line in self.lines()]

    def agrees(self) -> None:
        """The book, the fill model and the file say the same."""
        model, told = self.shadow._exchange, self.shadow.summary()
        assert told["cash"] == model.balance().cash
        assert told["fees"] - self.fees_before == model.balance().fees_paid  # type: ignore[operator]
        held: Any = told["held"]
        assert {name: each["qty"] for name, each in held.items()} == model.positions()
        cost = sum(each["cost"] for each in held.values())
        assert told["opening_cash"] + told["gained"] - told["fees"] - cost == told["cash"]  # type: ignore[operator]
        assert self.shadow._book == read_book(self.path)
        assert all(line["hypothetical"] is True for line in self.lines())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "shadow.jsonl").listed()


def test_an_order_that_crosses_gets_what_is_shown_when_it_arrives_and_not_what_was_shown_when_it_left(
    bench: Bench,
) -> None:
    bench.quote(40, 45)
    bench.would(time_in_force="ioc")
    bench.later(LATENCY_NS // 2).quote(40, 44, qty=3)
    bench.later(LATENCY_NS).quote(40, 43)
    [filled] = [line for line in bench.lines() if line["kind"] == "filled"]
    assert (filled["price"], filled["qty"], filled["ts"]) == (440_000, 3 * MICRO, START + LATENCY_NS)
    assert (filled["intent_id"], filled["taker"]) == ("i-o-1", True)
    assert bench.kinds() == ["opened", "ordered", "filled", "ended"]
    bench.agrees()


def test_an_order_that_rests_is_filled_only_when_the_market_trades_through_it(bench: Bench) -> None:
    bench.quote(40, 50)
    bench.would()
    bench.later(SECOND).quote(40, 45)
    assert bench.kinds() == ["opened", "ordered"], "the top at our price is somebody else's"
    bench.later(SECOND).quote(40, 44, qty=1)
    assert bench.shadow.summary()["contracts"] == MICRO
    bench.later(SECOND).hear(QuoteLost(MARKET.id, "gone", bench.now))
    bench.later(SECOND).quote(40, 43)
    assert bench.shadow.summary()["contracts"] == 4 * MICRO
    assert bench.shadow.summary()["resting"] == 0
    bench.agrees()


def test_what_the_desk_ends_rests_no_more_and_a_fill_before_it_stands(bench: Bench) -> None:
    bench.quote(40, 50)
    bench.would()
    bench.later(SECOND).quote(40, 44, qty=1)
    bench.ends()
    bench.later(LATENCY_NS + 1).quote(40, 30)
    [ended] = [line for line in bench.lines() if line["kind"] == "ended"]
    assert (ended["why"], ended["filled"]) == ("its life is over", MICRO)
    assert bench.shadow.summary()["contracts"] == MICRO
    bench.agrees()


def test_what_may_not_rest_is_played_although_the_desk_has_ended_it_at_once(bench: Bench) -> None:
    bench.quote(40, 45)
    bench.would(time_in_force="ioc")
    bench.ends(why="nothing is filled in observe, and it may not rest")
    bench.later(SECOND).quote(40, 45)
    assert bench.shadow.summary()["fills"] == 1


def test_an_order_lives_no_longer_than_its_own_expiry(bench: Bench) -> None:
    bench.quote(40, 50)
    bench.would(expires_ts=START + 2 * SECOND)
    bench.later(3 * SECOND).quote(40, 30)
    assert bench.kinds()[-1] == "ended"
    assert bench.shadow.summary()["fills"] == 0


@pytest.mark.parametrize(("value", "gained"), [(MICRO, 4 * 550_000), (0, -4 * 450_000), (500_000, 4 * 50_000)])
def test_a_settlement_pays_what_is_held_and_a_changed_one_pays_the_difference(
    bench: Bench, value: int, gained: int
) -> None:
    bench.quote(40, 45)
    bench.would()
    bench.later(SECOND).settle(value)
    assert bench.shadow.summary()["gained"] == gained
    bench.agrees()
    bench.later(SECOND).settle(value)
    assert bench.kinds().count("settled") == 1
    bench.later(SECOND).settle(MICRO)
    assert bench.shadow.summary()["gained"] == 4 * 550_000
    assert bench.shadow.summary()["settled"] == 1
    bench.agrees()


def test_selling_what_is_held_gives_it_back_and_beyond_it_opens_the_other_side(bench: Bench) -> None:
    bench.quote(40, 45)
    bench.would()
    bench.later(SECOND).quote(50, 55)
    bench.would("o-2", side="sell", price=500_000, qty=6 * MICRO)
    bench.later(SECOND).quote(50, 55)
    assert bench.shadow.summary()["held"] == {MARKET.id: {"qty": -2 * MICRO, "cost": MICRO}}
    assert bench.shadow.summary()["gained"] == 4 * 50_000
    bench.agrees()
    bench.settle(0)
    assert bench.shadow.summary()["gained"] == 4 * 50_000 + MICRO
    bench.agrees()


def test_the_accounts_own_news_are_somebody_elses_money(bench: Bench) -> None:
    bench.quote(40, 45)
    bench.would()
    bench.later(SECOND)
    bench.hear(CashSeen(50 * MICRO, "deposit", bench.now))
    bench.hear(FillSeen(Fill("f", "o-1", MARKET.id, "buy", 450_000, MICRO, 0, True, bench.now), bench.now))
    bench.quote(40, 45)
    assert (bench.shadow.summary()["fills"], bench.shadow.summary()["opening_cash"]) == (1, CASH)
    assert bench.asked_cash == 1


def test_what_cannot_be_paid_for_or_is_off_the_grid_would_not_have_been_taken(bench: Bench) -> None:
    bench.quote(40, 45)
    bench.would(qty=10_000 * MICRO)
    bench.would("o-2", price=451_234)
    bench.would("o-3", type="market")
    bench.later(SECOND).quote(40, 45)
    told = bench.shadow.summary()
    assert (told["orders"], told["untaken"], told["fills"]) == (3, 3, 0)
    assert [line["fault"] for line in bench.lines()[1:3]] == ["insufficient_balance", "invalid_price"]


def test_it_goes_on_over_a_restart_from_its_own_file(bench: Bench) -> None:
    bench.quote(40, 45)
    bench.would()
    bench.would("o-2", price=300_000, qty=2 * MICRO)
    bench.would("o-3", price=250_000)
    bench.later(SECOND).quote(40, 45)
    before = bench.shadow.summary()
    bench.standing = {"o-2"}
    bench.later(MINUTE).start()
    assert bench.shadow.summary() | {"resting": 2} == before
    assert bench.lines()[-1]["why"] == "the desk ended it while nobody wrote"
    assert set(bench.shadow.markets()) == {MARKET.id}
    bench.listed().quote(20, 29)
    bench.agrees()
    assert bench.shadow.summary()["held"] == {MARKET.id: {"qty": 6 * MICRO, "cost": 4 * 450_000 + 2 * 300_000}}
    assert bench.asked_cash == 1, "the book was opened once"
    bench.settle(MICRO)
    bench.later(MINUTE).start()
    bench.listed().settle(0)
    assert bench.shadow.summary()["gained"] == -(4 * 450_000 + 2 * 300_000), "told another value after a restart"
    bench.agrees()


def test_a_resting_order_that_ends_before_its_market_is_listed_again_is_ended(bench: Bench) -> None:
    bench.quote(40, 50)
    bench.would()
    bench.later(SECOND).quote(40, 50)
    bench.start()
    bench.ends()
    bench.later(SECOND).listed().quote(40, 30)
    assert bench.kinds()[-1] == "ended"
    assert (bench.shadow.summary()["fills"], bench.shadow.summary()["resting"]) == (0, 0)


def test_a_line_that_a_crash_cut_off_is_dropped_and_a_file_of_something_else_is_put_aside(bench: Bench) -> None:
    bench.quote(40, 45)
    bench.would()
    bench.later(SECOND).quote(40, 45)
    kept = bench.shadow.summary()
    with bench.path.open("ab") as file:
        file.write(b'{"kind":"filled","ts":17')
    bench.start()
    assert bench.shadow.summary() == kept
    bench.path.write_text('{"kind":"filled"}\n')
    bench.start()
    assert bench.shadow.summary()["orders"] == 0
    assert bench.path.with_suffix(".unreadable").exists()


def test_the_file_stays_bounded_and_its_successor_begins_with_its_sums(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "shadow.jsonl", bytes_max=4_000).listed()
    for number in range(60):
        bench.later(SECOND).quote(40, 45)
        bench.would(f"o-{number}", qty=MICRO // 100, time_in_force="ioc")
    bench.later(SECOND).quote(40, 45)
    assert bench.shadow.summary()["fills"] == 60
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4 * 4_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shadow.jsonl", "shadow.older"]
    assert bench.lines()[0]["kind"] == "carried"
    bench.agrees()


def test_more_orders_than_can_be_played_are_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadowing, "FOLLOWED_MAX", 2)
    for number in range(5):
        bench.would(f"o-{number}")
    bench.would("leg", parent="o-0")
    assert bench.shadow.summary()["skipped"] == 4


def test_a_disk_that_takes_nothing_ends_the_shadow_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    bench = Bench(folder / "shadow.jsonl").listed()
    bench.quote(40, 45)
    bench.would()
    assert "cannot be written" in str(bench.shadow.summary()["stopped"])
    bench.later(SECOND).quote(40, 45)
    assert bench.shadow.summary()["orders"] == 0


def test_a_book_that_was_never_opened_is_no_book(tmp_path: Path) -> None:
    assert read_book(tmp_path / "none.jsonl") is None
    assert PaperExchange(0).balance().cash == 0
