"""Observe at the boxed Kalshi: the desk sends nothing, and beside it a shadow book plays what it would have sent."""

import json
from pathlib import Path
from typing import Any

from tests.live.still import CASH, CENT, MARKET, OTHER, Still, live

from assent.cli.status import shadow_lines
from assent.model.facts import Fact, OrderReleased
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND
from assent.model.would import WouldRelease
from assent.runtime.shadow import Shadow
from assent.runtime.shadow_file import ShadowFile
from assent.venue.port import Venue
from assent.venue.watching import Watching


class Observing(Still):
    """A desk in observe, wired as a start wires it."""

    def __init__(self, path: Path) -> None:
        super().__init__(mode="observe")
        self.path = path
        self.shadow: Shadow

    def venue(self) -> Venue:
        state = self.desk.state
        self.shadow = Shadow(
            ShadowFile(self.path), self.clock, cash=lambda: state.cash, standing=frozenset(state.would)
        )
        self.also = self.shadow.markets
        return Watching(super().venue(), self.shadow.hear)

    async def observes(self, script: Any) -> None:
        await self.lives(script, observers=[self._pass_on])

    def _pass_on(self, seq: int, ts: int, fact: Fact) -> None:
        self.shadow(seq, ts, fact)

    async def would(self, idea: Proposal) -> None:
        count = len(self.of(WouldRelease))
        self.strategy.ideas.append(idea)
        self.nudge(idea.instrument)
        await self.until(lambda: len(self.of(WouldRelease)) > count)


def test_at_the_box_the_shadow_is_filled_settled_and_goes_on_and_the_account_is_never_touched(tmp_path: Path) -> None:
    still = Observing(tmp_path / "shadow.jsonl")

    async def main() -> None:
        still.quoted()
        still.quoted(OTHER)
        await still.observes(first)
        still.exchange.determine(still.clock.now(), MARKET, "yes", MICRO)
        await still.clock.sleep(70 * SECOND)
        still.box.live_until(still.clock.now())
        await still.observes(second)

    async def first() -> None:
        await still.would(Proposal(MARKET, price=45 * CENT, fair=MICRO, qty_max=2 * MICRO))
        resting = {"time_in_force": "gtc", "life_ns": 240 * SECOND}
        await still.would(Proposal(OTHER, price=42 * CENT, fair=MICRO, qty_max=3 * MICRO, **resting))  # type: ignore[arg-type]
        await still.until(lambda: still.shadow.summary()["orders"] == 2)
        # The real account is dealt on by hand meanwhile: that is none of the shadow's.
        still.deal("ann", "buy", 45, 1, OTHER)

    async def second() -> None:
        await still.until(lambda: still.shadow.summary()["settled"])
        assert still.shadow.summary()["resting"] == 1, "what rested goes on resting"
        still.deal("bob", "sell", 41, 5, OTHER)
        still.deal("bob", "sell", 39, 20, OTHER)
        await still.until(lambda: still.shadow.summary()["fills"] == 2)

    live(main)
    assert not still.of(OrderReleased)
    assert {each.method for each in still.requests} == {"GET"}
    assert still.exchange.balance("ann").cash < CASH, "by hand alone"
    lines = [json.loads(text) for text in still.path.read_text().splitlines()]
    assert [line["kind"] for line in lines if line["kind"] != "ended"] == [
        "opened", "ordered", "filled", "ordered", "settled", "filled"
    ]  # fmt: skip
    taken, made = (line for line in lines if line["kind"] == "filled")
    assert (taken["price"], taken["qty"], taken["taker"]) == (45 * CENT, 2 * MICRO, True)
    assert (made["price"], made["qty"], made["taker"]) == (42 * CENT, 3 * MICRO, False)
    told = still.shadow.summary()
    assert told["gained"] == 2 * 55 * CENT
    assert told["cash"] == CASH + 2 * 55 * CENT - 3 * 42 * CENT - told["fees"]  # type: ignore[operator]
    assert "2 orders played" in "\n".join(shadow_lines(told))
