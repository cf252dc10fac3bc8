"""Requests leave in their lane's turn, within the account's limits; who gives up waiting is not sent."""

import asyncio
from typing import Any

import pytest
from tests.venue.fakes import Said, no, ok
from tests.venue.kalshi.desks import ORDERS, START, Desk, lived

from assent.model.units import MINUTE, SECOND
from assent.venue.kalshi.limits import Bucket, Limits, LimitsRefused
from assent.venue.kalshi.rest import (
    Answered,
    KalshiHTTPError,
    NotLeft,
)
from assent.venue.kalshi.throttle import CLOSED_MIN, WAITING_MAX
from assent.venue.kalshi.wire import Rejection
from assent.venue.transport import Request


def test_a_cancel_overtakes_what_waits_and_submissions_keep_their_order() -> None:
    async def script(desk: Desk) -> list[str]:
        submits = [
            asyncio.create_task(desk.rest.write("POST", f"{ORDERS}?n={n}", b"{}", lane="submit")) for n in range(30)
        ]
        await desk.clock.sleep(SECOND // 2)
        await desk.rest.write("DELETE", f"{ORDERS}/a", lane="cancel")
        await asyncio.gather(*submits)
        return [each.request.target.removeprefix("/trade-api/v2") for each in desk.transport.sent]

    targets = lived(script, lambda _: no(201))
    assert targets.index(f"{ORDERS}/a") < 20
    assert [each for each in targets if "?n=" in each] == [f"{ORDERS}?n={n}" for n in range(30)]


def test_no_more_leaves_than_the_bucket_holds() -> None:
    async def script(desk: Desk) -> list[int]:
        await asyncio.gather(*(desk.rest.write("POST", ORDERS, b"{}", lane="submit") for _ in range(60)))
        return [each.ts for each in desk.transport.sent]

    sent = lived(script, lambda _: no(201))
    tokens, last = 100 * SECOND, START
    for ts in sent:
        tokens = min(100 * SECOND, tokens + (ts - last) * 100) - 10 * SECOND
        last = ts
        assert tokens >= 0, "the venue's own bucket would have been empty"


def test_who_gives_up_waiting_leaves_no_gap_and_is_not_sent() -> None:
    async def script(desk: Desk) -> tuple[int, int]:
        waiting = [asyncio.create_task(desk.rest.write("POST", ORDERS, b"{}", lane="submit")) for _ in range(50)]
        await desk.clock.sleep(SECOND // 10)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        before = len(desk.transport.sent)
        await desk.clock.sleep(MINUTE)
        assert desk.throttle.waiting("submit") == 0
        await desk.rest.write("POST", ORDERS, b"{}", lane="submit")
        return before, len(desk.transport.sent)

    before, after = lived(script, lambda _: no(201))
    assert before < 15
    assert after == before + 1


def test_a_full_lane_refuses_and_says_so() -> None:
    async def script(desk: Desk) -> list[object]:
        asked = WAITING_MAX["submit"] + 30
        return await asyncio.gather(*(desk.rest.write("POST", ORDERS, b"{}", lane="submit") for _ in range(asked)))

    got = lived(script, lambda _: no(201))
    full = [each for each in got if isinstance(each, NotLeft)]
    assert full
    assert {each.why for each in full} == {"throttle_full"}


def test_a_full_lane_refuses_a_read_under_its_own_code() -> None:
    async def script(desk: Desk) -> set[str]:
        asked = [desk.rest.read("/markets") for _ in range(WAITING_MAX["data"] + 100)]
        got = await asyncio.gather(*asked, return_exceptions=True)
        return {each.code for each in got if isinstance(each, KalshiHTTPError)}

    assert lived(script, lambda _: ok()) == {"throttle_full"}


@pytest.mark.parametrize("status", [429, 425, 500, 503])
def test_after_a_push_back_submissions_wait_and_cancels_wait_less(status: int) -> None:
    async def script(desk: Desk) -> tuple[int, int]:
        await desk.rest.write("POST", ORDERS, b"{}", lane="submit")
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.rest.write("POST", ORDERS, b"{}", lane="submit"))
            group.create_task(desk.rest.write("DELETE", f"{ORDERS}/a", lane="cancel"))
        return tuple(each.ts - START for each in desk.transport.sent[1:])

    cancel, submit = lived(script, [no(status), ok(), no(201)])
    assert cancel < CLOSED_MIN <= submit


def test_a_pause_that_a_gateway_asks_for_is_kept_within_our_bound() -> None:
    def waited(said: str) -> int:
        async def script(desk: Desk) -> int:
            await desk.rest.write("POST", ORDERS, b"{}", lane="submit")
            await desk.rest.write("POST", ORDERS, b"{}", lane="submit")
            return desk.transport.sent[1].ts - START

        got: int = lived(script, [no(429, retry_after=said), no(201)])
        return got

    assert 3 * SECOND <= waited("3") < 5 * SECOND
    assert waited("999999") <= 31 * SECOND
    for nonsense in ("", "-5", "Fri, 31 Dec 1999 23:59:59 GMT", "9" * 50, "٣"):
        assert waited(nonsense) < 2 * SECOND


# -------------------------------------------------------------------------------------------------------------- limits


LIMITS = b"""{"usage_tier":"advanced","read":{"refill_rate":300,"bucket_capacity":900},
"write":{"refill_rate":300,"bucket_capacity":900},"grants":[]}"""
COSTS = b"""{"default_cost":10,"endpoint_costs":[
{"method":"DELETE","path":"/trade-api/v2/portfolio/events/orders/{order_id}","cost":4},
{"method":"POST","path":"/trade-api/v2/portfolio/events/orders","cost":30}]}"""


def test_the_accounts_own_limits_and_costs_are_gone_on_under() -> None:
    async def script(desk: Desk) -> tuple[object, int]:
        learned = await desk.rest.learn_limits()
        await desk.clock.sleep(MINUTE)
        begun = desk.clock.now()
        await asyncio.gather(*(desk.rest.write("POST", ORDERS, b"{}", lane="submit") for _ in range(20)))
        return learned, sum(each.ts == begun for each in desk.transport.sent)

    def answer(request: Request) -> Said:
        paths = {"/trade-api/v2/account/limits": ok(LIMITS), "/trade-api/v2/account/endpoint_costs": ok(COSTS)}
        return paths.get(request.target, no(201))

    learned, at_once = lived(script, answer)
    assert learned is None
    # 900 tokens, of which nine tenths are used and twenty put by, at 30 each.
    assert at_once == 20
    assert 20 <= (900 * 9 // 10 - 20) // 30


@pytest.mark.parametrize(
    ("limits", "costs", "code"),
    [
        (b"<html>", COSTS, "answer_not_json"),
        (LIMITS.replace(b"900", b'"900"'), COSTS, "bad_number"),
        (LIMITS.replace(b'"refill_rate":300', b'"refill_rate":true'), COSTS, "bad_number"),
        (LIMITS.replace(b"refill_rate", b"rate"), COSTS, "missing_field"),
        (LIMITS.replace(b"900", b"0"), COSTS, "limits_implausible"),
        (LIMITS, b"{}", "missing_field"),
        (LIMITS, COSTS.replace(b":30", b":30.5"), "bad_number"),
        (LIMITS, COSTS.replace(b'"cost":4', b'"cost":-4'), "bad_number"),
        (LIMITS, COSTS.replace(b":30", b":999999"), "endpoint_cost_implausible"),
        (LIMITS, COSTS.replace(b"POST", b"BREW"), "unknown_word"),
        (LIMITS, COSTS.replace(b'/trade-api/v2/portfolio/events/orders"', b'orders"'), "bad_name"),
    ],
)
def test_limits_that_cannot_be_true_are_refused(limits: bytes, costs: bytes, code: str) -> None:
    async def script(desk: Desk) -> Any:
        return await desk.rest.learn_limits()

    learned = lived(script, [ok(limits), ok(costs)])
    assert isinstance(learned, LimitsRefused | Rejection)
    assert learned.code == code


def test_who_could_never_leave_under_narrower_limits_is_told_and_does_not_wait_for_ever() -> None:
    narrow = b'{"read":{"refill_rate":200,"bucket_capacity":600},"write":{"refill_rate":1,"bucket_capacity":5}}'

    async def script(desk: Desk) -> list[object]:
        waiting = [asyncio.create_task(desk.rest.write("POST", ORDERS, b"{}", lane="submit")) for _ in range(30)]
        await desk.clock.sleep(SECOND // 10)
        await desk.rest.learn_limits()
        return await asyncio.gather(*waiting)

    def answer(request: Request) -> Said:
        return ok(narrow) if request.target.endswith("/limits") else ok(COSTS)

    got = lived(script, answer)
    assert any(isinstance(each, NotLeft) and each.why == "throttle_cost" for each in got)
    assert all(isinstance(each, NotLeft | Answered) for each in got)


def test_a_cheap_endpoint_is_charged_its_own_price() -> None:
    async def script(desk: Desk) -> int:
        await asyncio.gather(*(desk.rest.write("DELETE", f"{ORDERS}/{n}", lane="cancel") for n in range(45)))
        return sum(each.ts == START for each in desk.transport.sent)

    assert lived(script, lambda _: ok(), limits=Limits(Bucket(100, 100), Bucket(100, 100))) == 45
