"""The box over a whole world: its crowd lives on between requests, by the caller's time alone."""

from collections.abc import Sequence
from typing import Any

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, Venue, ask
from tests.exchange.support import MARKET

from assent.exchange.accounts import History
from assent.exchange.kalshi.app import ROOT, App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.types import DAY, MICRO, MINUTE, Event
from assent.exchange.world import World

DAY_NUMBER = 20_000


def a_morning(moments: list[int]) -> tuple[Box, list[Any]]:
    """What is told of markets and trades at each moment of the day, in minutes."""
    history = History()
    world = World(7, DAY_NUMBER, owner="ann", cash=1_000 * MICRO, history=history)
    box = Box(world.exchange, {"ann": history}, world.step_until)
    clock = [DAY_NUMBER * DAY]
    app = App(box, Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),)), lambda: clock[0])

    def at(minute: int, path: str) -> Any:
        clock[0] = DAY_NUMBER * DAY + minute * MINUTE
        return ask(app, "GET", ROOT + path).json

    return box, [*(at(minute, "/markets") for minute in moments), at(moments[-1], "/markets/trades")]


def test_a_crowd_trades_between_two_requests() -> None:
    _, (early, late, trades) = a_morning([1, 60])
    assert sum(float(row["volume_fp"]) for row in early["markets"]) < sum(
        float(row["volume_fp"]) for row in late["markets"]
    )
    assert len(trades["trades"]) == 100
    assert trades["cursor"]


def test_the_same_moments_show_the_same_world_and_looking_more_often_changes_nothing() -> None:
    _, once = a_morning([1, 60])
    _, again = a_morning([1, 60])
    _, often = a_morning([1, 2, 30, 59, 60])
    assert once == again
    assert once[-2:] == often[-2:]


def test_what_is_remembered_agrees_with_the_exchange_itself() -> None:
    box, _ = a_morning([1, 60])
    now = box.exchange.now
    for view in box.exchange.markets():
        assert box.past[view.spec.ticker].volume_of_a_day(now) == view.volume
    assert sum(trade.qty for trade in box.tape.trades.values()) == sum(v.volume for v in box.exchange.markets())


def test_an_observer_is_told_of_every_event_after_the_box_has_taken_it_up() -> None:
    venue = Venue()
    told: list[tuple[str, int]] = []

    def observe(happened: Sequence[Event]) -> None:
        held = venue.box.statements["ann"].holdings
        told.extend((type(each).__name__, held[MARKET].position if held else 0) for each in happened)

    venue.box.observe(observe)
    venue.floor.sell("bob", 52, 2)
    venue.floor.buy("ann", 52, 2)
    venue.box.remember()
    names = [name for name, _ in told]
    assert names.count("Filled") == 2
    assert names[0] == "TopChanged"
    assert {position for _, position in told} == {2 * MICRO}
