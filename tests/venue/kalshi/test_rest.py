"""A read is tried three times and no more; a write leaves once; each is signed when it leaves, in its lane's turn."""

import asyncio
from random import Random
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.venue.fakes import Said, ScriptedTransport, no, ok
from tests.venue.kalshi.desks import ORDERS, RATE_LIMITED, REFUSED, START, TIMED_OUT, Desk, a_signer, lived

from assent.model.errors import AssentError
from assent.model.units import MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.kalshi.limits import TIERS
from assent.venue.kalshi.rest import (
    ATTEMPTS,
    BACK_OFF,
    TIMEOUTS,
    Answered,
    KalshiHTTPError,
    Lost,
    NotLeft,
    Rest,
)
from assent.venue.kalshi.signing import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from assent.venue.kalshi.throttle import Throttle
from assent.venue.read_only import ReadOnly
from assent.venue.transport import Failed, Request


def read_outcome(answers: list[Said], path: str = "/markets") -> tuple[bytes | KalshiHTTPError, Desk]:
    async def script(desk: Desk) -> tuple[bytes | KalshiHTTPError, Desk]:
        try:
            return await desk.rest.read(path), desk
        except KalshiHTTPError as error:
            return error, desk

    got: tuple[bytes | KalshiHTTPError, Desk] = lived(script, answers)
    return got


# --------------------------------------------------------------------------------------------------------------- reads


def test_a_read_gives_the_body_of_a_200() -> None:
    got, desk = read_outcome([ok(b'{"markets":[]}')])
    assert got == b'{"markets":[]}'
    assert desk.transport.sent[0].timeout_ns == TIMEOUTS["data"]


@pytest.mark.parametrize("trouble", [no(429, RATE_LIMITED), no(425), no(500), no(503), no(504), TIMED_OUT, REFUSED])
def test_a_read_in_passing_trouble_is_tried_again(trouble: Said) -> None:
    got, desk = read_outcome([trouble, trouble, ok(b"third")])
    assert got == b"third"
    assert len(desk.transport.sent) == 3


@pytest.mark.parametrize(
    ("trouble", "status", "code"),
    [
        (no(429, RATE_LIMITED), 429, "too_many_requests"),
        (no(503, b'{"code":"service_unavailable","message":"x"}'), 503, "service_unavailable"),
        (no(502, b"<html>bad gateway</html>"), 502, "unreadable"),
        (TIMED_OUT, 0, "no_answer"),
        (REFUSED, 0, "not_sent"),
    ],
)
def test_a_read_gives_up_after_three_attempts_and_says_what_came(trouble: Said, status: int, code: str) -> None:
    got, desk = read_outcome([trouble] * 5, "/events")
    assert isinstance(got, KalshiHTTPError)
    assert (got.status, got.code, got.path) == (status, code, "/events")
    assert len(desk.transport.sent) == ATTEMPTS == 3


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (no(401, b'{"error":{"code":"header_timestamp_expired","message":"x"}}'), "header_timestamp_expired"),
        (
            no(401, b'{"error":{"code":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}'),
            "authentication_error",
        ),
        (no(403, b'{"error":{"code":"insufficient_scope","message":"x"}}'), "insufficient_scope"),
        (no(404, b'{"error":{"code":"not_found","message":"not found"}}'), "not_found"),
        (no(400, b'{"msg":"Parameter validation failed"}'), "parameter_validation"),
        (no(301, b"", location="/elsewhere"), "unreadable"),
        (no(204), "unreadable"),
    ],
)
def test_what_the_venue_refused_is_not_asked_again(answer: Said, code: str) -> None:
    """A refused signature above all: signing anew until one is taken would hide a wrong clock or a lost key."""
    got, desk = read_outcome([answer, ok()])
    assert isinstance(got, KalshiHTTPError)
    assert got.code == code
    assert len(desk.transport.sent) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            KalshiHTTPError(401, "header_timestamp_expired", "/portfolio/balance"),
            (
                "Kalshi: /portfolio/balance was answered with 401 header_timestamp_expired. This machine's clock and "
                "the venue's differ by too much; set it by a time server."
            ),
        ),
        (
            KalshiHTTPError(401, "authentication_error", "/x", "NOT_FOUND"),
            (
                "Kalshi: /x was answered with 401 authentication_error: NOT_FOUND. The key's id and the private key do "
                "not belong together, or the key was deleted; create a new one."
            ),
        ),
        (
            KalshiHTTPError(0, "no_key", "/x"),
            "Kalshi: /x got no answer (no_key). Give the key's id and its file in the section [kalshi].",
        ),
        (KalshiHTTPError(404, "not_found", "/x"), "Kalshi: /x was answered with 404 not_found."),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error: KalshiHTTPError, text: str) -> None:
    assert str(error) == text
    assert isinstance(error, AssentError)


def test_attempts_move_apart_and_each_is_signed_when_it_leaves() -> None:
    _, desk = read_outcome([TIMED_OUT] * 3)
    first, second, third = desk.transport.sent
    assert BACK_OFF // 2 <= second.ts - first.ts <= BACK_OFF
    assert BACK_OFF <= third.ts - second.ts <= 2 * BACK_OFF
    stamps = [each.request.headers[TIMESTAMP_HEADER] for each in desk.transport.sent]
    assert stamps == [str(each.ts // 1_000_000) for each in desk.transport.sent]
    assert len({each.request.headers[SIGNATURE_HEADER] for each in desk.transport.sent}) == 3


def test_two_desks_in_the_same_trouble_do_not_come_back_in_the_same_moment() -> None:
    def second_ts(seed: int) -> int:
        async def main() -> int:
            clock = VirtualClock(START)
            transport = ScriptedTransport([TIMED_OUT, ok()], clock.now)
            throttle = Throttle(TIERS["basic"], Random(7), START - MINUTE)
            await Rest(transport, a_signer(), clock, throttle, chance=Random(seed)).read("/markets")
            return transport.sent[1].ts

        return virtual.run(main())

    assert len({second_ts(seed) for seed in range(10)}) == 10


def test_a_query_is_written_as_it_is_signed() -> None:
    async def script(desk: Desk) -> str:
        await desk.rest.read("/markets", [("tickers", "KXA-1.5,KXB"), ("limit", 1000), ("note", "a b&c")])
        return desk.transport.sent[0].request.target

    target = lived(script, [ok()])
    assert " " not in target
    assert urlsplit(target).path == "/trade-api/v2/markets"
    assert parse_qsl(urlsplit(target).query) == [("tickers", "KXA-1.5,KXB"), ("limit", "1000"), ("note", "a b&c")]


def test_what_is_public_needs_no_key_and_shows_none() -> None:
    async def main() -> tuple[ScriptedTransport, KalshiHTTPError, object]:
        clock = VirtualClock(START)
        transport = ScriptedTransport([ok(b"open")], clock.now)
        rest = Rest(transport, None, clock, Throttle(TIERS["basic"], Random(7), START - MINUTE), chance=Random(1))
        assert await rest.read("/markets", signed=False) == b"open"
        with pytest.raises(KalshiHTTPError) as refused:
            await rest.read("/portfolio/balance")
        return transport, refused.value, await rest.write("DELETE", ORDERS, lane="cancel")

    transport, refused, written = virtual.run(main())
    assert (refused.status, refused.code) == (0, "no_key")
    assert isinstance(written, NotLeft)
    assert len(transport.sent) == 1
    assert KEY_HEADER not in transport.sent[0].request.headers


def test_with_a_key_a_public_read_is_still_unsigned_where_it_was_asked_for() -> None:
    async def script(desk: Desk) -> Request:
        await desk.rest.read("/exchange/status", signed=False)
        return desk.transport.sent[0].request

    assert KEY_HEADER not in lived(script, [ok()]).headers


def test_what_shows_a_request_shows_no_header() -> None:
    _, desk = read_outcome([ok()])
    request = desk.transport.sent[0].request
    shown = f"{request!r} {request} {[request]}"
    assert "/trade-api/v2/markets" in shown
    assert request.headers[KEY_HEADER] not in shown
    assert request.headers[SIGNATURE_HEADER] not in shown


# -------------------------------------------------------------------------------------------------------------- writes


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (no(201, b'{"order_id":"a"}'), Answered(201, b'{"order_id":"a"}', START)),
        (
            no(409, b'{"error":{"code":"order_already_exists"}}'),
            Answered(409, b'{"error":{"code":"order_already_exists"}}', START),
        ),
        (no(429, RATE_LIMITED), Answered(429, RATE_LIMITED, START)),
        (no(401, b"{}"), Answered(401, b"{}", START)),
        (no(503, b"<html>"), Answered(503, b"<html>", START)),
        (TIMED_OUT, Lost(TIMED_OUT.why, START)),
        (REFUSED, NotLeft(REFUSED.why)),
    ],
)
def test_a_write_leaves_once_and_its_outcome_is_told_by_phase(answer: Said, outcome: object) -> None:
    async def script(desk: Desk) -> object:
        got = await desk.rest.write("POST", ORDERS, b'{"count":"1.00"}', lane="submit")
        assert len(desk.transport.sent) == 1
        assert desk.transport.sent[0].timeout_ns == TIMEOUTS["submit"]
        return got

    assert lived(script, [answer, ok(), ok()]) == outcome


def test_a_write_carries_its_query_and_its_body_as_json() -> None:
    async def script(desk: Desk) -> Request:
        await desk.rest.write("DELETE", f"{ORDERS}/abc?market_ticker=KXA", lane="cancel")
        await desk.rest.write("POST", ORDERS, b"{}", lane="submit")
        return desk.transport.sent

    cancel, create = lived(script, [ok(), ok()])
    assert cancel.request.target == f"/trade-api/v2{ORDERS}/abc?market_ticker=KXA"
    assert "content-type" not in cancel.request.headers
    assert create.request.headers["content-type"] == "application/json"


def test_through_a_read_only_door_nothing_can_be_changed_and_everything_can_be_read() -> None:
    async def main() -> tuple[ScriptedTransport, list[object]]:
        clock = VirtualClock(START)
        transport = ScriptedTransport([ok(b"read")], clock.now, sockets=[])
        door = ReadOnly(transport)
        rest = Rest(door, a_signer(), clock, Throttle(TIERS["basic"], Random(7), START - MINUTE), chance=Random(1))
        assert await rest.read("/portfolio/orders") == b"read"
        written = [await rest.write(method, ORDERS, b"{}", lane="submit") for method in ("POST", "PUT", "DELETE")]
        assert isinstance(await door.connect("/trade-api/ws/v2", {}, timeout_ns=SECOND), Failed)
        await door.close()
        return transport, written

    transport, written = virtual.run(main())
    assert written == [NotLeft("dry_run")] * 3
    assert [each.request.method for each in transport.sent] == ["GET"]
    assert len(transport.upgrades) == 1


def test_a_submission_whose_turn_comes_too_late_never_leaves() -> None:
    async def script(desk: Desk) -> list[object]:
        late = START + SECOND // 2
        return await asyncio.gather(
            *(desk.rest.write("POST", ORDERS, b"{}", lane="submit", not_after=late) for _ in range(20))
        )

    got = lived(script, lambda _: no(201))
    gone = [each for each in got if isinstance(each, Answered)]
    kept = [each for each in got if isinstance(each, NotLeft)]
    assert len(gone) + len(kept) == 20
    assert kept
    assert gone
    assert all(each.signed_ts <= START + SECOND // 2 for each in gone)
