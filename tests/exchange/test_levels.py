"""A watcher of price levels is told everything, at once, and changes nothing by watching."""

from collections import defaultdict
from random import Random

import pytest
from tests.exchange.support import CENT, MARKET, Floor, a_spec

from assent.exchange.accounts import History
from assent.exchange.boxed import BoxedExchange
from assent.exchange.levels import LevelChanged
from assent.exchange.types import DAY, MICRO, SECOND, Accepted, Amendment, Event
from assent.exchange.world import World

Depth = tuple[list[tuple[int, int]], list[tuple[int, int]]]


class Ladder:
    """A book that is built of nothing but what is told."""

    def __init__(self) -> None:
        self.levels: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.told: list[LevelChanged] = []

    def take(self, change: LevelChanged) -> None:
        levels = self.levels[change.market, change.side]
        levels[change.price] += change.change
        assert levels[change.price] >= 0
        if not levels[change.price]:
            del levels[change.price]
        self.told.append(change)

    def depth(self, market: str = MARKET) -> Depth:
        bids, asks = self.levels[market, "buy"], self.levels[market, "sell"]
        return sorted(bids.items(), reverse=True), sorted(asks.items())


def trade_at_random(floor: Floor, rng: Random, ladder: Ladder | None) -> list[Event]:
    """Two hundred acts of three members; what the exchange tells of them."""
    events: list[Event] = []
    for _ in range(200):
        floor.now += rng.choice([0, 1, SECOND])
        name = rng.choice(["ann", "bob", "cat"])
        resting = floor.exchange.resting(name)
        act = rng.random()
        if resting and act < 0.2:
            floor.exchange.cancel(floor.now, name, rng.choice(resting).order_id)
        elif resting and act < 0.35:
            floor.exchange.decrease(floor.now, name, rng.choice(resting).order_id, by=MICRO)
        elif resting and act < 0.5:
            view = rng.choice(resting)
            new = Amendment(rng.randint(40, 60) * CENT, view.filled + rng.randint(1, 9) * MICRO, view.expires_ts)
            floor.exchange.amend_order(floor.now, name, view.order_id, new)
        else:
            order = floor.order(
                rng.choice(["buy", "sell"]),
                rng.randint(40, 60),
                rng.randint(1, 9),
                tif=rng.choice(["gtc", "gtc", "ioc"]),
                self_trade=rng.choice(["cancel_taker", "cancel_maker"]),
            )
            floor.submit(name, order)
        events += floor.exchange.drain()
        if ladder is not None:
            assert ladder.depth() == floor.exchange.depth(MARKET)
    return events


def test_what_is_told_adds_up_to_the_book_at_every_moment() -> None:
    causes = 0
    for seed in range(10):
        floor, ladder = Floor(cash=200 * MICRO), Ladder()
        floor.exchange.watch_levels(ladder.take)
        trade_at_random(floor, Random(seed), ladder)
        causes += sum(change.cause.account.account_id != change.account for change in ladder.told)
        floor.exchange.advance(floor.now + 1_000 * SECOND)
        assert ladder.depth() == ([], [])
    assert causes > 100


def test_nothing_happens_otherwise_because_somebody_watches() -> None:
    plain, watched = Floor(cash=200 * MICRO), Floor(cash=200 * MICRO)
    watched.exchange.watch_levels(lambda change: None)
    assert trade_at_random(plain, Random(7), None) == trade_at_random(watched, Random(7), None)


def test_a_trade_names_the_taker_as_its_cause_and_a_cancel_the_order_itself() -> None:
    floor, ladder = Floor(), Ladder()
    floor.exchange.watch_levels(ladder.take)
    rests = floor.sell("bob", 52, 3)
    takes = floor.buy("ann", 52, 1)
    floor.exchange.cancel(floor.now, "bob", rests.order_id)
    told = [(change.change // MICRO, change.account, change.cause.order_id) for change in ladder.told]
    assert told == [(3, "bob", rests.order_id), (-1, "bob", takes.order_id), (-2, "bob", rests.order_id)]
    assert {change.order_id for change in ladder.told} == {rests.order_id}
    assert {change.ts for change in ladder.told} == {floor.now}


def test_an_order_amended_in_place_is_told_without_a_change() -> None:
    floor, ladder = Floor(), Ladder()
    rests = floor.sell("bob", 52, 3)
    floor.exchange.watch_levels(ladder.take)
    floor.exchange.amend_order(floor.now, "bob", rests.order_id, Amendment(52 * CENT, 3 * MICRO, 900 * SECOND))
    assert [(change.change, change.order_id) for change in ladder.told] == [(0, rests.order_id)]


def test_a_market_that_is_listed_later_is_watched_too() -> None:
    floor, ladder = Floor(), Ladder()
    floor.exchange.watch_levels(ladder.take)
    floor.exchange.list_market(floor.now, a_spec("KXLATER", open_ts=floor.now))
    floor.exchange.advance(floor.now)
    assert isinstance(floor.submit("ann", floor.order("buy", 40, 2, market="KXLATER")), Accepted)
    assert ladder.depth("KXLATER") == ([(40 * CENT, 2 * MICRO)], [])


@pytest.mark.usefixtures("one_event")
def test_a_watched_world_goes_on_being_watched_on_the_next_day() -> None:
    start = 20_000 * DAY
    ladder = Ladder()
    box = BoxedExchange.open(None, seed=1, start_ts=start, account="owner", cash=MICRO)
    box.watch_levels(ladder.take)
    box.step_until(start + DAY + 3_600 * SECOND)
    days = {change.ts // DAY for change in ladder.told}
    assert days == {20_000, 20_001}
    for view in box.markets():
        assert ladder.depth(view.spec.ticker) == box.depth(view.spec.ticker)


def test_a_day_is_the_same_day_whether_watched_or_not() -> None:
    plain, watched = (World(3, 20_000, owner="owner", cash=MICRO, history=History()) for _ in range(2))
    watched.exchange.watch_levels(lambda change: None)
    until = 20_000 * DAY + 1_800 * SECOND
    for world in (plain, watched):
        world.step_until(until)
    assert plain.exchange.drain() == watched.exchange.drain()
