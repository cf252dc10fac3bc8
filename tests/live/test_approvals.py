"""A person's yes on the whole live path: proposal, question, answer, last look, order, fill; and everything that must
not come of a wrong answer. The real runtime and adapter against the exchange in the box, under virtual time."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.live.members import CENT, LIMITS, MARKET, Place, Trader, levels, live

from assent.desk.state import Asked
from assent.model.assents import ApprovalEnded, AssentDenied, AssentGiven, AssentRefused
from assent.model.constitution import Drift
from assent.model.facts import IntentSkipped, LookRequested, OrderReleased
from assent.model.intents import Proposal
from assent.model.orders import order_digest
from assent.model.policy import Band, Person
from assent.model.units import MICRO, SECOND
from assent.runtime.acts import act_answer, act_input

ADA, BEN = "os:ada", "token:ben-laptop"
ASKING = msgspec.structs.replace(
    LIMITS, approvals=(Band("open", 0, 1),), approvers=(Person("ada", (ADA, "token:phone")), Person("ben", (BEN,))),
    drift_max=Drift(5 * CENT, "price"), slippage_max=2 * CENT,
)  # fmt: skip
BUY = Proposal(MARKET, side="buy", price=42 * CENT, fair=60 * CENT, qty_max=5 * MICRO)


class Desk(Trader):
    """One that asks people, with a market on offer and an idea."""

    def __init__(self, place: Place, **limits: Any) -> None:
        super().__init__(place, limits=msgspec.structs.replace(ASKING, **limits))
        self._answers = 0
        self.offered: list[str] = []

    async def asked(self) -> Asked:  # type: ignore[override]
        """Let it have its idea; the question that comes of it."""
        self.offered = levels(self.place, ("sell", 42, 10))
        levels(self.place, ("buy", 30, 10))
        await self.clock.sleep(5 * SECOND)
        self.strategy.ideas.append(BUY)
        await self.until(lambda: self.desk.state.asked)
        (asked,) = self.desk.state.asked.values()
        return asked

    def answer(self, asked: Asked, cmd: str = "approve", *, by: str = ADA, factor: bool = False, **more: Any) -> Any:
        """What a person's answer brings, on the road of the control socket."""
        self._answers += 1
        request = {"cmd": cmd, "intent": asked.code, "terms": asked.terms, "channel": "terminal"}
        request |= {"message_id": f"{by}/{self._answers}"} | more
        return act_answer(self.runtime.act(act_input(request, self.clock.now(), identity=by, factor=factor)))

    def moves(self, cents: int) -> None:
        """What was on offer goes; it is offered at this instead."""
        self.place.take_off(*self.offered)
        self.offered = levels(self.place, ("sell", cents, 10))


Script = Callable[[Desk], Awaitable[None]]


def lived(script: Script, **limits: Any) -> tuple[Place, Desk]:
    async def whole() -> tuple[Place, Desk]:
        place = Place()
        desk = Desk(place, **limits)

        async def inside() -> None:
            await script(desk)
            await desk.clock.sleep(30 * SECOND)

        await desk.run(inside)
        return place, desk

    found: tuple[Place, Desk] = live(whole)
    return found


def nothing_left(place: Place, desk: Desk) -> bool:
    return place.exchange.creates == [] and desk.of(OrderReleased) == [] and not desk.desk.state.orders


def test_what_a_person_says_yes_to_is_looked_at_once_more_sent_once_and_filled() -> None:
    async def script(desk: Desk) -> None:
        asked = await desk.asked()
        await desk.clock.sleep(20 * SECOND)
        assert nothing_left(desk.place, desk), "nothing leaves before somebody has said yes"
        assert desk.answer(asked)["ok"]
        await desk.until(lambda: desk.desk.state.positions)

    place, desk = lived(script)
    (given,), (look,), (released,) = desk.of(AssentGiven), desk.of(LookRequested), desk.of(OrderReleased)
    assert (given.person, given.channel) == ("ada", "terminal")
    assert look.intent_id == given.intent_id == released.order.intent_id
    assert released.assent == given.terms
    (created,) = place.exchange.creates
    assert (created.client_order_id, created.price, created.qty) == (released.order.order_id, 42 * CENT, 5 * MICRO)
    assert released.digest == order_digest(released.order)
    assert place.exchange.positions("ann") == {MARKET: 5 * MICRO}


def test_two_people_are_two_different_people() -> None:
    async def script(desk: Desk) -> None:
        asked = await desk.asked()
        assert desk.answer(asked)["ok"]
        assert desk.answer(asked, by="token:phone")["code"] == "assent_twice"
        assert nothing_left(desk.place, desk)
        assert desk.answer(asked, by=BEN)["ok"]
        await desk.until(lambda: desk.desk.state.positions)

    place, desk = lived(script, approvals=(Band("open", 0, 2),))
    assert [given.person for given in desk.of(AssentGiven)] == ["ada", "ben"]
    assert len(place.exchange.creates) == 1


def test_a_no_while_the_venue_is_asked_for_the_last_look_is_in_time() -> None:
    async def script(desk: Desk) -> None:
        asked = await desk.asked()
        assert desk.answer(asked)["ok"]
        assert desk.desk.state.looks
        assert desk.answer(asked, "reject", by=BEN, reason="not now")["ok"]

    place, desk = lived(script)
    assert len(desk.of(AssentDenied)) == 1
    assert nothing_left(place, desk)


async def _late(desk: Desk, asked: Asked) -> Any:
    await desk.clock.sleep(60 * SECOND)
    return desk.answer(asked)


async def _twice(desk: Desk, asked: Asked) -> Any:
    desk.answer(asked, "reject")
    return desk.answer(asked)


async def _replayed(desk: Desk, asked: Asked) -> Any:
    desk.answer(asked, "reject", message_id="m-1")
    return desk.answer(asked, message_id="m-1")


async def _copied(desk: Desk, asked: Asked) -> Any:
    return desk.answer(asked, terms="0" * 64)


async def _changed_case(desk: Desk, asked: Asked) -> Any:
    return desk.answer(asked, intent=asked.code.lower())


async def _wrong_person(desk: Desk, asked: Asked) -> Any:
    return desk.answer(asked, by="os:mallory")


async def _halted(desk: Desk, asked: Asked) -> Any:
    await desk.act(cmd="halt", by="ada", reason="the feed looks wrong")
    return desk.answer(asked)


async def _without_factor(desk: Desk, asked: Asked) -> Any:
    return desk.answer(asked)


WRONG = {
    "assent_late": _late,
    "assent_ended": _twice,
    "assent_replayed": _replayed,
    "assent_copied": _copied,
    "assent_unknown": _changed_case,
    "assent_not_permitted": _wrong_person,
    "assent_halted": _halted,
    "second_factor_missing": _without_factor,
}


@pytest.mark.parametrize("code", WRONG)
def test_a_wrong_answer_moves_nothing_and_says_why(code: str) -> None:
    async def script(desk: Desk) -> None:
        answer = await WRONG[code](desk, await desk.asked())
        assert (answer["ok"], answer["refused"], answer["code"]) == (False, True, code)
        assert f"[{code}]" in answer["error"]

    place, desk = lived(script, second_factor_from=0 if code == "second_factor_missing" else MICRO * 1_000)
    assert [refused.reason for refused in desk.of(AssentRefused)] == [code]
    assert nothing_left(place, desk)


def test_a_price_that_moved_while_a_person_thought_is_found_at_the_last_look() -> None:
    async def script(desk: Desk) -> None:
        asked = await desk.asked()
        desk.moves(49)
        await desk.clock.sleep(10 * SECOND)
        assert desk.answer(asked)["ok"]
        await desk.until(lambda: desk.of(IntentSkipped))

    place, desk = lived(script)
    assert [skip.reason for skip in desk.of(IntentSkipped)] == ["skipped_drift"]
    assert nothing_left(place, desk)


def test_a_question_that_nobody_answers_ends_by_itself() -> None:
    async def script(desk: Desk) -> None:
        await desk.asked()
        await desk.until(lambda: not desk.desk.state.asked)

    place, desk = lived(script)
    assert [ended.why for ended in desk.of(ApprovalEnded)] == ["expired"]
    assert nothing_left(place, desk)


def test_a_second_factor_lets_a_large_one_through() -> None:
    async def script(desk: Desk) -> None:
        asked = await desk.asked()
        assert desk.answer(asked, factor=True)["ok"]
        await desk.until(lambda: desk.desk.state.positions)

    place, _ = lived(script, second_factor_from=0)
    assert len(place.exchange.creates) == 1
