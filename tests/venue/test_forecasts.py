"""Estimates of the owner's own program: told once, exactly, and only where they can be true."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from assent.model.inputs import ForecastSeen, Input, RejectionSeen
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.forecasts import LINES_MAX, ForecastFeed, Place, ppm_of
from assent.venue.transport import Answer, Failed, Request, Socket

T0 = 1_790_000_000_000_000_000
EVERY = 10_000_000_000


class Scripted:
    """Answers from a list, the last one for ever."""

    def __init__(self, *answers: Answer | Failed) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Socket | Failed:
        return Failed("not_sent", "forecasts come by request")

    async def close(self) -> None:
        return


def a_line(instrument: str = "KXA", probability: Any = "0.25", ts_ms: Any = 1_790_000_000_000, **more: Any) -> dict:
    return {"instrument": instrument, "probability": probability, "source": "model", "ts_ms": ts_ms, **more}


def a_list(*lines: Any) -> Answer:
    return Answer(200, {}, json.dumps({"forecasts": list(lines)}).encode())


def told(*answers: Answer | Failed, listed: tuple[str, ...] = ("KXA", "KXB")) -> list[Input]:
    """Everything that was told while each answer was taken once."""
    items: list[Input] = []
    transport = Scripted(*answers)

    async def living() -> None:
        clock = VirtualClock(T0)
        feed = ForecastFeed(transport, Place("/estimates", EVERY), clock, listed=lambda name: name in listed)
        running = asyncio.create_task(feed.run(items.append))
        await clock.sleep((len(answers) - 1) * EVERY + EVERY // 2)
        running.cancel()

    virtual.run(living())
    assert len(transport.asked) == len(answers)
    return items


def test_an_estimate_is_told_exactly_and_with_its_own_time() -> None:
    assert told(a_list(a_line(probability="0.631250"))) == [
        ForecastSeen("KXA", 631_250, "model", 1_790_000_000_000_000_000, T0)
    ]


def test_what_is_known_is_not_told_again_and_what_is_newer_is() -> None:
    first, newer = a_line(), a_line(probability="0.3", ts_ms=1_790_000_005_000)
    items = told(a_list(first), a_list(first), a_list(first, newer), a_list(newer), a_list(first))
    assert [item.probability_ppm for item in items if isinstance(item, ForecastSeen)] == [250_000, 300_000]


def test_two_sources_speak_of_one_market_each_for_itself() -> None:
    items = told(a_list(a_line(), {**a_line(), "source": "other"}))
    assert [item.source for item in items if isinstance(item, ForecastSeen)] == ["model", "other"]


def test_markets_that_the_desk_does_not_know_are_passed_over_in_silence() -> None:
    assert told(a_list(a_line("KXELSEWHERE"))) == []


@pytest.mark.parametrize(
    "line",
    [
        a_line(probability=0.25),
        a_line(probability="1.1"),
        a_line(probability="-0.1"),
        a_line(probability="NaN"),
        a_line(probability="0.1234567"),
        a_line(ts_ms=-1),
        a_line(ts_ms="1790000000000"),
        a_line(ts_ms=10**30),
        {"instrument": "KXA"},
        "KXA",
        None,
    ],
    ids=str,
)
def test_a_line_that_cannot_be_true_is_left_out_and_the_others_are_not(line: Any) -> None:
    items = told(a_list(line, a_line("KXB")))
    assert [type(item) for item in items] == [RejectionSeen, ForecastSeen]
    assert items[0].code == "forecast_unreadable"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "answer",
    [
        Failed("unknown", "no answer in time"),
        Answer(500, {}, b"{}"),
        Answer(302, {"location": "elsewhere"}, b""),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b""),
        Answer(200, {}, b'{"forecasts": 1}'),
        Answer(200, {}, b'{"forecasts": [], "forecasts": []}'),
        Answer(
            200,
            {},
            b'{"forecasts": [{"instrument":"KXA","instrument":"KXB","probability":"0.5","source":"m","ts_ms":1}]}',
        ),
        Answer(200, {}, b"[" * 100_000),
        Answer(200, {}, b"\xff\xfe"),
        a_list(*[a_line()] * (LINES_MAX + 1)),
        Answer(200, {}, b" " * (4 * 1024 * 1024) + b'{"forecasts": []}'),
    ],
    ids=lambda answer: repr(answer)[:60],
)
def test_a_list_that_does_not_come_or_cannot_be_read_is_one_rejection_and_the_feed_goes_on(answer: Any) -> None:
    items = told(answer, a_list(a_line()))
    assert [type(item) for item in items] == [RejectionSeen, ForecastSeen]


@pytest.mark.parametrize(
    ("text", "ppm"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("0.000001", 1),
        ("1.000000", 1_000_000),
        ("1.000001", None),
        ("0.", None),
        (".5", None),
    ],
)
def test_a_probability_is_a_plain_decimal(text: str, ppm: int | None) -> None:
    assert ppm_of(text) == ppm
