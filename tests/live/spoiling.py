"""What may go wrong with one request on its way to the venue and back, each by name and by phase, as data."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from tests.live.quiet import CENT, LATENCY, MARKET, ORDERS, Quiet, is_cancel, is_create, rules

from assent.exchange.kalshi.faults import Rule
from assent.model.intents import Proposal
from assent.model.units import MICRO, SECOND
from assent.venue.memory import Passage
from assent.venue.transport import Answer, Failed, Request

MS: Final = 1_000
STRANGER: Final = "99999999-0000-5000-8000-000000000009"


class Asked(NamedTuple):
    """One request of the desk's: the idea behind it, who else deals, and, for a cancel, what is filled meanwhile."""

    idea: Proposal
    offered: int
    cancels: bool = False
    meanwhile: int = 0


def _take(qty: int) -> Proposal:
    return Proposal(MARKET, price=45 * CENT, fair=MICRO, qty_max=qty * MICRO)


_REST: Final = Proposal(MARKET, price=41 * CENT, fair=MICRO, qty_max=3 * MICRO, time_in_force="gtc")
ASKED: Final[dict[str, Asked]] = {
    "an order that fills": Asked(_take(3), 5),
    "an order that fills in part": Asked(_take(5), 2),
    "an order that rests": Asked(_REST, 0),
    "a cancel": Asked(_REST, 0, cancels=True),
    "a cancel of what fills in part": Asked(_REST, 0, cancels=True, meanwhile=1),
    "a cancel of what fills": Asked(_REST, 0, cancels=True, meanwhile=3),
}
Spoil = Callable[[Quiet, Asked], None]


def _line(what: Passage | Failed) -> Spoil:
    """The line does it to the first such request."""

    def spoil(quiet: Quiet, asked: Asked) -> None:
        once(quiet, asked, lambda _: what)

    return spoil


def once(quiet: Quiet, asked: Asked, what: Callable[[Request], Passage | Failed | None]) -> None:
    """For the first such request only; what is filled meanwhile is filled as it leaves, whatever becomes of it."""
    mine = is_cancel if asked.cancels else is_create
    met: list[Request] = []

    def spoiler(request: Request) -> Passage | Failed | None:
        if met or not mine(request):
            return None
        met.append(request)
        if asked.meanwhile:
            quiet.bob("sell", 41, asked.meanwhile)
        return what(request)

    quiet.spoiler = spoiler


def _door(effect: str, phase: str, **more: Any) -> Spoil:
    """Somebody before the venue does it, once."""

    def spoil(quiet: Quiet, asked: Asked) -> None:
        once(quiet, asked, lambda _: None)
        method, path = ("DELETE", f"{ORDERS}/*") if asked.cancels else ("POST", ORDERS)
        values = {"effect": effect, "phase": phase, "method": method, "path": path, "times": 1} | more
        quiet.faults.replace(rules(Rule(**values)))
        if more.get("body") == "other_order":
            quiet.faults.keep(method, path, json.dumps(_stranger(asked)).encode())

    return spoil


def _stranger(asked: Asked) -> dict[str, Any]:
    """The venue's words about another order than ours."""
    row: dict[str, Any] = {"order_id": STRANGER, "client_order_id": STRANGER, "ts_ms": 1_790_000_001_000}
    return row | ({"reduced_by": "3.00"} if asked.cancels else {"fill_count": "3.00", "remaining_count": "0.00"})


def _second(quiet: Quiet, asked: Asked) -> None:
    """A proxy doubles it, and what we hear is the answer to the second copy."""

    async def answered(scope: Any, body: bytes) -> Answer:
        await quiet.at_the_venue(scope, body)
        return await quiet.at_the_venue(scope, body)

    _at_the_venue(quiet, asked, answered)


def _says(status: int, code: str) -> Spoil:
    """The venue, or what stands before it, says this and has done nothing."""

    def spoil(quiet: Quiet, asked: Asked) -> None:
        async def answered(_scope: Any, _body: bytes) -> Answer:
            return Answer(status, {}, json.dumps({"error": {"code": code, "message": code}}).encode())

        _at_the_venue(quiet, asked, answered)

    return spoil


def _at_the_venue(quiet: Quiet, asked: Asked, answered: Callable[[Any, bytes], Awaitable[Answer]]) -> None:
    """The first such request is answered so."""
    once(quiet, asked, lambda _: None)
    met: list[bytes] = []

    async def spoilt(scope: Any, receive: Any, send: Any) -> bool:
        if met or not _is_it(scope, asked):
            return False
        met.append((await receive())["body"])
        said = await answered(scope, met[0])
        await send({"type": "http.response.start", "status": said.status, "headers": []})
        await send({"type": "http.response.body", "body": said.body})
        return True

    quiet.spoilt = spoilt


def _taken_before(quiet: Quiet, asked: Asked) -> None:
    """Another program has used our id for an order of its own, just before ours comes."""

    def what(request: Request) -> None:
        quiet.under_our_id(json.loads(request.body)["client_order_id"], 5)

    once(quiet, asked, what)  # type: ignore[arg-type]


def _overtaken(quiet: Quiet, asked: Asked) -> None:
    """The next request of the desk arrives before it."""
    once(quiet, asked, lambda _: Passage(delay_ns=4 * SECOND, answer_delay_ns=LATENCY))
    quiet.follows = True


def _is_it(scope: Any, asked: Asked) -> bool:
    path = scope["path"]
    return (
        (scope["method"] == "DELETE" and ORDERS in path)
        if asked.cancels
        else (scope["method"] == "POST" and path.endswith(ORDERS))
    )


# By name, in the sequence of a request's journey: before it leaves, on its way, at the venue, on the way back.
FAULTS: Final[dict[str, Spoil]] = {
    "nothing goes wrong": _line(Passage(delay_ns=LATENCY, answer_delay_ns=LATENCY)),
    "no connection at all": _line(Failed("not_sent", "no connection: refused")),
    "reset before it arrives": _line(Passage(lost="before", breaks=True, delay_ns=LATENCY)),
    "reset after it is carried out": _line(Passage(lost="after", breaks=True, delay_ns=LATENCY)),
    "lost before it arrives": _line(Passage(lost="before")),
    "lost after it is carried out": _line(Passage(lost="after", delay_ns=LATENCY)),
    "8 s on its way": _line(Passage(delay_ns=8 * SECOND, answer_delay_ns=LATENCY)),
    "20 s on its way: its signature is too old": _line(Passage(delay_ns=20 * SECOND, answer_delay_ns=LATENCY)),
    "held by the venue for 12 s": _door("hold", "after", ms=12 * MS),
    "held by the venue for 60 s": _door("hold", "after", ms=60 * MS),
    "held by the venue for 150 s": _door("hold", "after", ms=150 * MS),
    "answered after 12 s": _line(Passage(delay_ns=LATENCY, answer_delay_ns=12 * SECOND)),
    "doubled, the first answer heard": _line(Passage(copies=2, delay_ns=LATENCY, answer_delay_ns=LATENCY)),
    "doubled, the second answer heard": _second,
    "overtaken by the next request": _overtaken,
    "429 instead": _door("answer", "before", status=429),
    "429 after it is carried out": _door("answer", "after", status=429),
    "500 instead": _door("answer", "before", status=500),
    "500 after it is carried out": _door("answer", "after", status=500),
    "502 instead": _door("answer", "before", status=502),
    "502 after it is carried out": _door("answer", "after", status=502),
    "503 instead": _door("answer", "before", status=503),
    "503 after it is carried out": _door("answer", "after", status=503),
    "not found instead": _says(404, "not_found"),
    "a pause instead": _says(409, "trading_is_paused"),
    "a page in HTML instead": _door("answer", "before", status=502, body="html"),
    "a page in HTML after it is carried out": _door("answer", "after", body="html"),
    "an empty answer instead": _door("answer", "before", body="empty"),
    "an empty answer after it is carried out": _door("answer", "after", body="empty"),
    "garbage instead": _door("answer", "before", body="garbage"),
    "garbage after it is carried out": _door("answer", "after", body="garbage"),
    "half of its answer": _door("answer", "after", body="truncated"),
    "another order's answer": _door("answer", "after", body="other_order"),
    "other amounts in its answer": _door("answer", "after", body="wrong_content"),
    "our id is taken by somebody else's order": _taken_before,
}
# How long after the request the last of it lands, where that is long.
LANDS: Final[dict[str, int]] = {
    "8 s on its way": 8 * SECOND,
    "20 s on its way: its signature is too old": 20 * SECOND,
    "held by the venue for 12 s": 12 * SECOND,
    "held by the venue for 60 s": 60 * SECOND,
    "held by the venue for 150 s": 150 * SECOND,
    "answered after 12 s": 12 * SECOND,
}
# What can only happen to an order.
OF_ORDERS: Final = frozenset(("our id is taken by somebody else's order",))
