"""What is asked over the control socket becomes an input, or is refused in words; what came of it becomes an answer."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, limits

from assent.model.errors import AssentError
from assent.model.inputs import CancelAsked
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.settling import AdoptionAsked, CloseAsked, ResolutionAsked
from assent.model.units import MINUTE
from assent.runtime.acts import act_answer, act_input
from assent.runtime.differences import view_of

WHO = {"by": "Ada", "reason": "looked"}


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ({"cmd": "accept", "digest": "d", **WHO}, AdoptionAsked("d", "Ada", "looked", 7)),
        ({"cmd": "cancel", "by": "Ada"}, CancelAsked("", "Ada", 7)),
        ({"cmd": "close", "price": 5, **WHO}, CloseAsked("", 5, "Ada", "looked", 7)),
        (
            {"cmd": "override", "cause": "drawdown", "life_ns": 5, **WHO},
            OverrideAsked("drawdown", 5, "Ada", "looked", 7),
        ),
        ({"cmd": "override", "cause": "drawdown", **WHO}, OverrideAsked("drawdown", 0, "Ada", "looked", 7)),
        ({"cmd": "end_override", "cause": "drawdown", "by": "Ada"}, OverrideEndAsked("drawdown", "Ada", "", 7)),
        (
            {"cmd": "resolve", "order_id": "o", "filled": 3, "fee": 1, "evidence": "e" * 500, **WHO},
            ResolutionAsked("o", 3, None, 1, "e" * 500, "Ada", "looked", 7),
        ),
        (
            {"cmd": "resolve", "order_id": "o", "ended": True, "filled": 0, "evidence": "e", **WHO},
            ResolutionAsked("o", None, None, None, "e", "Ada", "looked", 7),
        ),
    ],
)
def test_an_act_becomes_its_input(request_: dict[str, Any], wanted: object) -> None:
    assert act_input(request_, 7) == wanted


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"cmd": "accept", **WHO}, "`digest` must be"),
        ({"cmd": "close", "price": True, **WHO}, "`price` must be whole micros"),
        ({"cmd": "close", "price": 0.5, **WHO}, "`price` must be whole micros"),
        ({"cmd": "resolve", "order_id": "o", "filled": "1", "evidence": "e", **WHO}, "`filled` must be whole micros"),
        ({"cmd": "resolve", "order_id": "o", "evidence": "e" * 501, **WHO}, "`evidence` must be printable"),
        ({"cmd": "override", "cause": "drawdown", "life_ns": 0.5, **WHO}, "`life_ns` must be whole nanoseconds"),
        ({"cmd": "override", "cause": "drawdown", "life_ns": 5, "by": "Ada"}, "`reason` must be printable"),
        ({"cmd": "end_override", "cause": "", "by": "Ada"}, "`cause` must be printable"),
        ({"cmd": "sell", **WHO}, "it knows status, approve"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(request_: dict[str, Any], why: str) -> None:
    with pytest.raises(AssentError, match=why):
        act_input(request_, 7)


def test_each_position_that_is_left_has_its_code_in_the_answer_and_each_refusal_its_rule() -> None:
    bench = Bench()
    bench.hold(qty_max=5_000_000)
    answer = act_answer(bench.take(CloseAsked(MARKET.id, None, "Ada", "looked", bench.now)))
    assert answer["ok"]
    assert [one["instrument"] for one in answer["intents"]] == [MARKET.id]
    assert len(answer["intents"][0]["code"]) == 6
    bench.halt()
    again = act_answer(bench.take(CloseAsked(MARKET.id, None, "Ada", "looked", bench.now)))
    assert (again["ok"], again["refused"]) == (False, True)
    assert again["error"].startswith(f"{MARKET.id}: [level]")


def test_a_desk_that_has_not_read_the_venues_books_says_so_instead_of_showing_none() -> None:
    view = view_of(Bench(matched=False).desk)
    assert (view["compared"], view["accepting"]) == (False, None)
    assert "have not been read" in view["why"]


def test_an_override_is_answered_with_who_has_it_until_when_and_a_refusal_with_its_code() -> None:
    bench = Bench()
    bench.halt()
    answer = act_answer(bench.override(by="ada"))
    assert (answer["ok"], answer["by"], answer["until_ts"]) == (True, "ada", bench.now + 30 * MINUTE)
    refused = act_answer(bench.override(by="ada"))
    assert (refused["ok"], refused["refused"], refused["code"]) == (False, True, "override_stands")
    assert refused["error"].startswith("[override_stands] This halt is overridden already")
    assert act_answer(bench.end_override())["ok"]


def test_only_a_proven_second_factor_makes_an_override() -> None:
    request = {"cmd": "override", "cause": "drawdown", "life_ns": 5, "factor": "123456", **WHO}
    assert act_input(request, 7) == OverrideAsked("drawdown", 5, "Ada", "looked", 7, factor=False)
    assert act_input(request, 7, factor=True) == OverrideAsked("drawdown", 5, "Ada", "looked", 7, factor=True)


def test_a_resume_that_lacks_nothing_but_its_second_factor_says_so_by_its_code() -> None:
    bench = Bench(constitution=limits(second_factor_to_resume=True))
    bench.halt("operator")
    bench.match()
    refused = act_answer(bench.take(act_input({"cmd": "resume", "cause": "operator", **WHO}, bench.now)))
    assert (refused["ok"], refused["code"]) == (False, "second_factor_missing")
    assert act_answer(bench.take(act_input({"cmd": "resume", **WHO}, bench.now, factor=True)))["ok"]
