"""A second run meets the same world: same books, same fills, same money, wherever the first one was killed."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.exchange.conftest import Smaller

from assent.exchange import boxed
from assent.exchange.acts import PauseMarket, ResumeMarket
from assent.exchange.boxed import BoxedExchange
from assent.exchange.changes import AmendOrder, DecreaseOrder
from assent.exchange.journal import ChangeEntry, JournalError, OrderEntry
from assent.exchange.programme import GAME_SERIES, HIGH_SERIES, NOON_SERIES
from assent.exchange.types import (
    DAY,
    MICRO,
    MINUTE,
    Accepted,
    Amended,
    Amendment,
    Decreased,
    Event,
    ExchangeError,
    ForecastPublished,
    MarketChanged,
    NewOrder,
    Rejected,
    Side,
    Tif,
    Transferred,
)
from assent.exchange.world import WORLD_VERSION, World

A_DAY = 20_458
MIDNIGHT = A_DAY * DAY
CASH = 1_000 * MICRO


def opened(path: Path | None = None, start_ts: int = MIDNIGHT, **more: Any) -> BoxedExchange:
    return BoxedExchange.open(path, seed=7, start_ts=start_ts, account="desk", cash=CASH, **more)


class Client:
    """Trades at the given moments, as a strategy would: a function of what it sees and of its own stream."""

    def __init__(self) -> None:
        self.number = 0

    def act(self, exchange: BoxedExchange, ts: int) -> None:
        self.number += 1
        random = Random(self.number)
        exchange.step_until(ts)
        resting = exchange.open_orders()
        if resting and random.random() < 0.3:
            exchange.cancel(ts, random.choice(resting).order_id)
            return
        open_markets = [view for view in exchange.markets() if view.status == "active"]
        if not open_markets:
            return
        view = random.choice(open_markets)
        side: Side = random.choice(["buy", "sell"])
        other = view.ask if side == "buy" else view.bid
        price = max(10_000, min(990_000, (other or 500_000) + random.choice([-20_000, 0, 0, 10_000])))
        tif: Tif = random.choice(["gtc", "ioc", "fok"])
        qty = random.randint(1, 400) * 10_000
        exchange.submit(ts, NewOrder(f"c{self.number}", view.spec.ticker, side, price, qty, tif))


def state(exchange: BoxedExchange) -> tuple[object, ...]:
    """Everything the owner can ask for."""
    return (
        exchange.now,
        exchange.balance(),
        exchange.positions(),
        exchange.orders(),
        exchange.open_orders(),
        exchange.fills(),
        exchange.settlements(),
        exchange.markets(),
        [exchange.depth(view.spec.ticker) for view in exchange.markets()],
        exchange.next_event_ts(),
        exchange.audit(),
    )


def moments(start: int, end: int, count: int, seed: int) -> list[int]:
    random = Random(seed)
    return sorted(random.randint(start, end) for _ in range(count))


# --- replay --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_event")
def test_a_world_that_is_killed_again_and_again_is_the_same_world(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    acts = moments(MIDNIGHT, MIDNIGHT + DAY + DAY // 4, 90, seed=1)
    kills = {15, 16, 50, 80}
    calm, calm_client = opened(), Client()
    torn, torn_client = opened(path), Client()
    for number, ts in enumerate(acts):
        if number in kills:
            torn.close()
            torn = opened(path, start_ts=ts)
            torn.catch_up(ts)
            calm.step_until(ts)
            assert state(torn) == state(calm)
        calm_client.act(calm, ts)
        torn_client.act(torn, ts)
    assert len(calm.fills()) > 20
    assert len(calm.settlements()) > 1
    assert calm.balance().fees_paid == sum(fill.fee for fill in calm.fills()) > 0
    end = acts[-1] + MINUTE
    calm.step_until(acts[-1])
    torn.step_until(acts[-1])
    assert calm.step_until(end) == torn.step_until(end)
    assert state(torn) == state(calm)
    torn.close()
    for trusting in (False, True):
        again = opened(path, replay_everything=not trusting)
        again.catch_up(end)
        assert state(again) == state(calm)
        again.close()


def test_a_killed_process_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    program = f"""
import os, signal
from pathlib import Path
from tests.exchange.test_boxed import Client, MIDNIGHT, MINUTE, opened
exchange, client = opened(Path({str(path)!r})), Client()
for number in range(30):
    client.act(exchange, MIDNIGHT + MINUTE + number * MINUTE)
print(exchange.balance(), len(exchange.orders()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert run.returncode == -9, run.stderr
    exchange = opened(path)
    exchange.catch_up(MIDNIGHT + 30 * MINUTE)
    assert f"{exchange.balance()} {len(exchange.orders())}" == run.stdout.strip()
    assert exchange.fills()
    exchange.close()


def test_an_order_that_was_written_but_never_answered_is_found_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    ts = MIDNIGHT + 5 * MINUTE
    exchange.step_until(ts)
    ticker = exchange.markets()[3].spec.ticker
    order = NewOrder("lost", ticker, "buy", 10_000, MICRO)
    exchange._write(OrderEntry(ts, order))
    exchange.close()
    again = opened(path)
    again.catch_up(ts + MINUTE)
    (found,) = again.orders("lost")
    assert found.created_ts == ts
    assert again.submit(ts + MINUTE, order) == Rejected(
        "order_already_exists", "client order id 'lost' was used before"
    )
    again.close()


@pytest.mark.usefixtures("one_event")
def test_days_without_our_orders_are_never_lived_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    exchange.step_until(MIDNIGHT + 5 * MINUTE)
    ask = next(view.ask for view in exchange.markets()[3:] if view.ask)
    ticker = exchange.markets()[3].spec.ticker
    order = NewOrder("c1", ticker, "buy", ask, MICRO)
    killed = NewOrder("c2", ticker, "buy", 10_000, MICRO, "fok")
    assert isinstance(exchange.submit(MIDNIGHT + 5 * MINUTE, order), Accepted)
    assert isinstance(exchange.submit(MIDNIGHT + 5 * MINUTE, killed), Rejected)
    exchange.close()
    lived: list[int] = []

    class Watched(World):
        def step_until(self, ts: int) -> None:
            lived.append(self.day)
            super().step_until(ts)

    monkeypatch.setattr(boxed, "World", Watched)
    again = opened(path)
    again.catch_up(MIDNIGHT + 31 * DAY + MINUTE)
    assert sorted(set(lived)) == [A_DAY, A_DAY + 31]
    assert [order.status for order in again.orders()] != ["resting"]
    assert again.positions() == {}
    again.close()
    lived.clear()
    once_more = opened(path)
    once_more.catch_up(MIDNIGHT + 31 * DAY + MINUTE)
    assert set(lived) == {A_DAY + 31}, "a finished day is remembered by what it left"
    assert state(once_more) == state(again)
    for used in (order, killed):
        answer = once_more.submit(once_more.now, used)
        assert isinstance(answer, Rejected)
        assert answer.code == "order_already_exists"
    once_more.close()


@pytest.mark.usefixtures("one_event")
def test_living_through_empty_days_and_skipping_them_lead_to_the_same_place() -> None:
    walked, leapt = opened(start_ts=MIDNIGHT + DAY // 2), opened(start_ts=MIDNIGHT + DAY // 2)
    end = MIDNIGHT + 2 * DAY + 10 * MINUTE
    walked.step_until(end)
    leapt.catch_up(end)
    assert state(walked) == state(leapt)
    assert walked.step_until(end + MINUTE) == leapt.step_until(end + MINUTE)


# --- time and events -----------------------------------------------------------------------------------


def test_the_next_event_is_where_something_happens_and_not_before() -> None:
    exchange = opened()
    for _ in range(200):
        due = exchange.next_event_ts()
        assert exchange.step_until(due - 1) == []
        exchange.step_until(due)
    assert exchange.now > MIDNIGHT + MINUTE


def test_midnight_brings_new_markets(days_of: Smaller) -> None:
    # One that lives until midnight, and one that has ended long before.
    days_of(HIGH_SERIES, NOON_SERIES)
    exchange = opened(start_ts=MIDNIGHT + DAY - 4 * MINUTE)
    before = [view.spec.ticker for view in exchange.markets()]
    events = exchange.step_until(MIDNIGHT + DAY - MINUTE)
    assert {view.status for view in exchange.markets()} == {"settled"}
    assert exchange.next_event_ts() == MIDNIGHT + DAY
    events += exchange.step_until(MIDNIGHT + DAY)
    told = [e.status for e in events if isinstance(e, MarketChanged)]
    assert told == ["determined"] * 6 + ["settled"] * 6 + ["initialized"] * len(before)
    assert opened(start_ts=MIDNIGHT + DAY - 4 * MINUTE).step_until(MIDNIGHT + DAY) == events
    after = [view.spec.ticker for view in exchange.markets()]
    assert not set(before) & set(after)
    assert exchange.market(before[0]) is None
    answer = exchange.submit(MIDNIGHT + DAY, NewOrder("c1", before[0], "buy", 500_000, MICRO))
    assert isinstance(answer, Rejected)
    assert answer.code == "market_not_found"


def test_events_are_told_once_even_those_that_an_order_passed_on_its_way() -> None:
    exchange, watcher = opened(), opened()
    noon = MIDNIGHT + 30 * MINUTE
    seen: list[Event] = []
    for ts in range(MIDNIGHT, noon, 7 * MINUTE):
        exchange.submit(ts, NewOrder(None, "KXNONE", "buy", 500_000, MICRO))
        if ts % 2:
            seen += exchange.step_until(ts)
    seen += exchange.step_until(noon)
    assert seen == watcher.step_until(noon)
    assert exchange.step_until(noon) == []


@pytest.mark.usefixtures("one_event")
def test_a_start_in_the_middle_of_a_day_tells_nothing_of_the_morning() -> None:
    start = MIDNIGHT + DAY // 2
    exchange = opened(start_ts=start)
    assert exchange.now == start
    assert exchange.top(exchange.markets()[2].spec.ticker).bid is not None
    assert all(event.ts > start for event in exchange.step_until(start + MINUTE))


def test_time_never_runs_backwards(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    ts = MIDNIGHT + 5 * MINUTE
    exchange.submit(ts, NewOrder("c1", "KXNONE", "buy", 500_000, MICRO))
    for act in (
        lambda: exchange.step_until(ts - 1),
        lambda: exchange.submit(ts - 1, NewOrder("c2", "KXNONE", "buy", 500_000, MICRO)),
        lambda: exchange.cancel(ts - 1, "O1"),
    ):
        with pytest.raises(ExchangeError, match="time runs forwards"):
            act()
    exchange.close()
    again = opened(path)
    with pytest.raises(ExchangeError, match="has lived until"):
        again.catch_up(ts - 1)
    with pytest.raises(ExchangeError, match="call catch_up"):
        again.step_until(ts)
    again.close()


# --- the owner's own money -------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_event")
def test_money_that_came_and_went_is_there_after_a_kill_and_told_from_where_one_left_off(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    came = exchange.transfer(MIDNIGHT + MINUTE, 50 * MICRO, "pays in")
    gone = exchange.transfer(MIDNIGHT + 2 * MINUTE, -20 * MICRO, "takes out")
    assert isinstance(came, Transferred)
    assert isinstance(gone, Transferred)
    assert exchange.balance().cash == CASH + 30 * MICRO
    assert [event for event in exchange.step_until(MIDNIGHT + 3 * MINUTE) if isinstance(event, Transferred)] == [
        came, gone,
    ]  # fmt: skip
    assert exchange.audit().deposits - opened().audit().deposits == 30 * MICRO
    exchange.close()
    for later in (MINUTE * 5, 3 * DAY):
        again = opened(path)
        again.catch_up(MIDNIGHT + later)
        assert again.transfers() == [came, gone]
        assert again.transfers(came.seq) == [gone]
        assert again.balance().cash == CASH + 30 * MICRO
        again.close()


def test_what_is_not_there_or_is_held_cannot_be_taken_out() -> None:
    exchange = opened()
    ts = MIDNIGHT + 5 * MINUTE
    exchange.step_until(ts)
    ticker = exchange.markets()[3].spec.ticker
    exchange.submit(ts, NewOrder("c1", ticker, "buy", 10_000, 100 * MICRO))
    free = exchange.balance().available
    assert free < CASH
    refused = exchange.transfer(ts, -free - 100, "too much")
    assert isinstance(refused, Rejected)
    assert refused.code == "insufficient_balance"
    assert isinstance(exchange.transfer(ts, -free, "all that is free"), Transferred)
    assert exchange.balance().available == 0


def test_a_transfer_that_makes_no_sense_never_reaches_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    before = path.read_bytes()
    odd: list[Any] = [
        (0, "nothing"),
        (1.5, "half"),
        (True, "true"),
        (10**40, "all"),
        (MICRO, "\x1b[2J"),
        (MICRO, "x" * 99),
    ]
    for amount, reference in odd:
        refused = exchange.transfer(MIDNIGHT, amount, reference)
        assert isinstance(refused, Rejected)
        assert refused.code == "invalid_parameters"
    assert path.read_bytes() == before
    exchange.close()


# --- questions and doors -------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_event")
def test_fills_and_settlements_can_be_asked_for_from_where_one_left_off() -> None:
    exchange, client = opened(), Client()
    for ts in moments(MIDNIGHT + MINUTE, MIDNIGHT + DAY // 4, 60, seed=2):
        client.act(exchange, ts)
    exchange.step_until(MIDNIGHT + DAY - 1)
    fills = exchange.fills()
    assert len(fills) > 5
    assert all(a.seq < b.seq for a, b in pairwise(fills))
    assert exchange.fills(fills[2].seq) == fills[3:]
    assert exchange.settlements(exchange.settlements()[-1].seq) == []
    booked = sum(fill.cash for fill in fills) + sum(s.payout for s in exchange.settlements())
    assert exchange.balance().cash == CASH + booked
    assert exchange.balance().fees_paid == sum(fill.fee for fill in fills)


def test_a_forecast_is_known_from_its_publication_on() -> None:
    exchange = opened()
    ticker = exchange.markets()[2].spec.ticker
    exchange.step_until(MIDNIGHT + 10 * MINUTE - 1)
    assert exchange.forecast(ticker) is None
    published = [e for e in exchange.step_until(MIDNIGHT + 10 * MINUTE) if isinstance(e, ForecastPublished)]
    assert {e.market: e.probability_ppm for e in published}[ticker] == exchange.forecast(ticker)
    assert exchange.forecast("KXNONE") is None


def test_the_forecasts_that_stand_are_the_last_ones_published_with_the_time_of_each(days_of: Smaller) -> None:
    # The two whose forecasts come at different times.
    days_of(HIGH_SERIES, GAME_SERIES)
    exchange = opened()
    assert exchange.forecasts() == []
    published: dict[str, ForecastPublished] = {}
    for until in (MIDNIGHT + 25 * MINUTE, MIDNIGHT + 601 * MINUTE, MIDNIGHT + DAY - MINUTE):
        published |= {e.market: e for e in exchange.step_until(until) if isinstance(e, ForecastPublished)}
        standing = {name: (ppm, ts) for name, ppm, ts in exchange.forecasts()}
        assert len(standing) == 8
        assert standing == {name: (told.probability_ppm, told.ts) for name, told in published.items()}


def test_what_is_malformed_as_such_never_reaches_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    before = path.read_bytes()
    prices: list[Any] = [float("nan"), 10**40, True, "0.50", None]
    for price in prices:
        answer = exchange.submit(MIDNIGHT, NewOrder("c1", "KXNONE", "buy", price, MICRO))
        assert isinstance(answer, Rejected)
        assert answer.code == "invalid_parameters"
    order_ids: list[Any] = [None, 7, "\udcff"]
    for order_id in order_ids:
        refusal = exchange.cancel(MIDNIGHT, order_id)
        assert isinstance(refusal, Rejected)
        assert refusal.code == "invalid_parameters"
    assert path.read_bytes() == before
    exchange.close()


def test_a_journal_of_another_seed_account_or_cash_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    opened(path).close()
    right: dict[str, Any] = {"seed": 7, "account": "desk", "cash": CASH}
    wrong: dict[str, Any] = {"seed": 8, "account": "other", "cash": 2 * CASH}
    for name in right:
        with pytest.raises(JournalError, match=f"belongs to a world with {name}"):
            BoxedExchange.open(path, start_ts=MIDNIGHT, **(right | {name: wrong[name]}))


def test_a_journal_of_an_older_world_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "exchange.journal"
    monkeypatch.setattr(boxed, "WORLD_VERSION", WORLD_VERSION - 1)
    opened(path).close()
    monkeypatch.undo()
    with pytest.raises(JournalError, match=rf"version {WORLD_VERSION - 1} of the simulated world.*assent init"):
        opened(path)


def test_an_order_is_not_taken_when_it_cannot_be_remembered(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    exchange.step_until(MIDNIGHT + 5 * MINUTE)
    exchange.close()
    ticker = exchange.markets()[0].spec.ticker
    with pytest.raises(JournalError):
        exchange.submit(MIDNIGHT + 5 * MINUTE, NewOrder("c1", ticker, "buy", 10_000, MICRO))
    assert exchange.orders() == []


# --- changes of resting orders, and days that somebody watches --------------------------------------------


def a_resting_order(exchange: BoxedExchange) -> Accepted:
    ts = MIDNIGHT + 5 * MINUTE
    exchange.step_until(ts)
    ticker = exchange.markets()[3].spec.ticker
    taken = exchange.submit(ts, NewOrder("rests", ticker, "buy", 10_000, 5 * MICRO))
    assert isinstance(taken, Accepted)
    return taken


@pytest.mark.usefixtures("one_event")
def test_a_decrease_and_an_amendment_are_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    taken = a_resting_order(exchange)
    less = exchange.change(exchange.now, DecreaseOrder(taken.order_id, by=MICRO))
    moved = exchange.change(exchange.now, AmendOrder(taken.order_id, Amendment(20_000, 6 * MICRO, None, "renamed")))
    refused = exchange.change(exchange.now, DecreaseOrder(taken.order_id, to=50 * MICRO))
    assert isinstance(less, Decreased)
    assert isinstance(moved, Amended)
    assert isinstance(refused, Rejected)
    before = (exchange.orders(), exchange.balance(), exchange.history.changes)
    asked = exchange.asked()
    assert [each.kind for each in exchange.history.changes] == ["decrease", "amend"]
    exchange.close()
    again = opened(path)
    again.catch_up(MIDNIGHT + 5 * MINUTE)
    assert (again.orders(), again.balance(), again.history.changes) == before
    assert again.orders()[0].client_order_id == "renamed"
    again.catch_up(MIDNIGHT + DAY + MINUTE)
    again.close()
    remembered = opened(path)
    remembered.catch_up(MIDNIGHT + DAY + MINUTE)
    assert remembered.history.changes == before[2]
    assert remembered.asked() == asked
    assert [type(entry) for entry in asked] == [OrderEntry, ChangeEntry, ChangeEntry, ChangeEntry]
    remembered.close()


def test_a_change_that_makes_no_sense_never_reaches_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path)
    order_id = a_resting_order(exchange).order_id
    before = path.read_bytes()
    odd: list[Any] = [
        DecreaseOrder(None, by=1),  # type: ignore[arg-type]
        DecreaseOrder(order_id),
        DecreaseOrder(order_id, by=10**40),
        AmendOrder(order_id, Amendment(True, MICRO, None)),
        AmendOrder(order_id, Amendment(10_000, 10**40, None)),
        AmendOrder(order_id, Amendment(10_000, MICRO, 2**63)),
        AmendOrder(order_id, Amendment(10_000, MICRO, None, "\udcff")),
    ]
    for change in odd:
        refused = exchange.change(exchange.now, change)
        assert isinstance(refused, Rejected)
        assert refused.code == "invalid_parameters"
    assert path.read_bytes() == before
    exchange.close()


@pytest.mark.usefixtures("one_event")
def test_markets_of_days_that_somebody_watched_are_kept_and_those_of_the_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path, watched=True)
    exchange.step_until(MIDNIGHT + 2 * DAY + MINUTE)
    kept = exchange.past_markets()
    assert {view.status for view in kept} == {"settled"}
    assert {view.spec.open_ts // DAY for view in kept} == {A_DAY, A_DAY + 1}
    assert all(view.settled_ts is not None and view.settled_ts > view.spec.open_ts for view in kept)
    today = exchange.markets()
    exchange.close()
    again = opened(path, watched=True)
    again.catch_up(MIDNIGHT + 2 * DAY + MINUTE)
    assert again.past_markets() == kept
    assert again.markets() == today
    again.close()
    # Nobody looked for four days: what was seen on the last one is kept, and those after it were never listed.
    later = opened(path, watched=True)
    later.catch_up(MIDNIGHT + 6 * DAY)
    assert {view.spec.open_ts // DAY for view in later.past_markets()} == {A_DAY, A_DAY + 1, A_DAY + 2}
    later.close()
    unwatched = opened()
    unwatched.step_until(MIDNIGHT + 2 * DAY)
    assert unwatched.past_markets() == []


@pytest.mark.usefixtures("one_event")
def test_the_last_days_can_be_lived_again_and_told(tmp_path: Path) -> None:
    path = tmp_path / "exchange.journal"
    exchange = opened(path, watched=True)
    a_resting_order(exchange)
    told = exchange.step_until(MIDNIGHT + 2 * DAY + 10 * MINUTE)
    written = path.read_bytes()
    expected = [event for event in told if event.ts >= MIDNIGHT + DAY]
    left = (exchange.orders(), exchange.balance(), exchange.past_markets())
    exchange.close()
    again = opened(path, watched=True, relive_days=1)
    again.catch_up(MIDNIGHT + 2 * DAY + 10 * MINUTE, tell=True)
    assert again.step_until(again.now) == expected
    assert (again.orders(), again.balance(), again.past_markets()) == left
    assert path.read_bytes() == written
    again.close()


@pytest.mark.usefixtures("one_event")
@pytest.mark.parametrize("act", [PauseMarket, ResumeMarket], ids=lambda act: act.__name__)
def test_the_worlds_own_pauses_survive_a_drill_that_was_there_before(act: Any) -> None:
    """A script that finds a market in another state than it left it goes on."""
    exchange = opened()
    drilled = 0
    for hour in range(1, 24):
        for minute in range(0, 60, 2):
            exchange.step_until(MIDNIGHT + hour * 60 * MINUTE + minute * MINUTE)
            wanted = "active" if act is PauseMarket else "inactive"
            for view in exchange.markets():
                if view.status == wanted:
                    drilled += 1
                    exchange.carry_out(exchange.now, act(view.spec.ticker))
    exchange.step_until(MIDNIGHT + DAY)
    assert drilled
