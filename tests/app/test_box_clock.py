"""The clock of an exchange in the box: asked before a start, refused where it cannot be right, followed afterwards."""

import asyncio
from collections.abc import Mapping

import pytest

from assent.app import box_clock
from assent.app.box_clock import BoxAway, keep_in_step, led_clock
from assent.ledger.chain import EMPTY, Head
from assent.model.units import HOUR, SECOND
from assent.venue.transport import Answer, Failed, Request

NOW = 1_800_000_000 * SECOND
URL = "http://127.0.0.1:8551"


class Box:
    """A transport with a clock at its end."""

    def __init__(self, *answers: Answer | Failed) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Failed:
        return Failed("not_sent", "no socket here")

    async def close(self) -> None:
        return


def told(body: str, status: int = 200) -> Answer:
    return Answer(status, {}, body.encode())


def clock_of(box: Box, head: Head = EMPTY):
    return asyncio.run(led_clock(box, URL, head=head))


def test_the_desk_lives_by_the_time_and_the_speed_of_the_box() -> None:
    box = Box(told(f'{{"now_ns": {NOW}, "speed": 60, "started_ns": 5}}'))
    clock = clock_of(box)
    assert NOW <= clock.now() < NOW + HOUR
    assert [(one.method, one.target, dict(one.headers)) for one in box.asked] == [("GET", "/box/clock", {})]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Failed("not_sent", "nobody listens"), "nobody listens"),
        (told("", 404), "it answers with 404"),
        (told("ten past four"), "no time and speed"),
        (told('{"now_ns": 0, "speed": 1}'), "no time and speed"),
        (told(f'{{"now_ns": {NOW}, "speed": 0}}'), "no time and speed"),
        (told(f'{{"now_ns": "{NOW}", "speed": 1}}'), "no time and speed"),
        (told(f'{{"now_ns": {NOW}}}'), "no time and speed"),
    ],
)
def test_a_box_that_does_not_say_its_time_starts_nothing(answer: Answer | Failed, why: str) -> None:
    with pytest.raises(BoxAway, match=f"at {URL} does not say what time it is: .*{why}"):
        clock_of(Box(answer))


def test_a_box_that_lives_before_the_ledger_s_end_is_another_one() -> None:
    box = Box(told(f'{{"now_ns": {NOW}, "speed": 1}}'))
    with pytest.raises(BoxAway, match="lives 2h before the last record"):
        clock_of(box, Head(9, bytes(32), NOW + 2 * HOUR))
    assert clock_of(box, Head(9, bytes(32), NOW + 2 * SECOND)).now() >= NOW + 2 * SECOND


def test_it_is_followed_and_no_answer_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box_clock, "ASK_EVERY", 0)

    async def main() -> None:
        box = Box(
            told(f'{{"now_ns": {NOW}, "speed": 1}}'), Failed("unknown", "hung up"),
            told(f'{{"now_ns": {NOW + HOUR}, "speed": 1}}'),
        )  # fmt: skip
        clock = await led_clock(box, URL, head=EMPTY)
        following = asyncio.create_task(keep_in_step(box, clock, lambda _: None))
        async with asyncio.timeout(10):
            await clock.sleep_until(NOW + HOUR)
        following.cancel()
        jump = clock.jump()
        assert jump is not None
        assert jump.wall_ns > HOUR // 2

    asyncio.run(main())
