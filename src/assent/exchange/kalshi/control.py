"""The box's own door, beside the venue's: its clock, its books, its faults, and what a venue does to its markets.

For tests, drills and judges on the same machine, as JSON under `/box/`. Nobody signs here; so it answers only to the
machine itself, by name and without a web page in between. What is done here is in the journal, and part of this world.
"""

import ipaddress
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec

from assent.exchange.acts import (
    Act,
    Amend,
    ChangeGrid,
    CorrectTrade,
    Determine,
    MoveClose,
    PauseExchange,
    PauseMarket,
    ResumeExchange,
    ResumeMarket,
)
from assent.exchange.admission import LARGEST_TS
from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.asgi import Application, Receive, Scope, Send, read_body
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.errors import JSON_TYPE, Reply
from assent.exchange.kalshi.faults import Faults, FaultsError, plan_of
from assent.exchange.kalshi.floor import BoxedFloor
from assent.exchange.kalshi.ids import trade_name
from assent.exchange.kalshi.keyring import Keyring
from assent.exchange.kalshi.numbers import Unreadable
from assent.exchange.kalshi.record import encode
from assent.exchange.types import MICRO, ExchangeError, PriceBand, Rejected, Result
from assent.exchange.world import FORECAST_SOURCE

ROOT = "/box/"
BODY_MAX = 1 << 20
LINES_TYPE = "application/x-ndjson"


class Pace(NamedTuple):
    """The box's time: how to ask for it, how fast it runs, and when this process took it up."""

    now: Callable[[], int]
    speed: int
    started_ns: int


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class PauseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    whole: bool = False


class ResultBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`value` is what one YES pays, in dollars; needed for scalar only."""

    result: Result
    value: str | None = None


class CloseBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    close_ns: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_TS)]


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: str
    end: str
    step: str


class GridBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price_ranges: list[Range]


class CorrectBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    price: str
    count: str


class TransferBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars, with a minus for money that leaves."""

    amount: str
    reference: str = ""


class Wrong(Exception):
    """The caller's mistake; answered in one place."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code, self.status = code, status
        super().__init__(message)


Body = TypeVar("Body", bound=msgspec.Struct)


class Control:
    """Answers below `/box/`; everything else is the venue's, and goes on to `venue`."""

    def __init__(
        self, venue: Application, *, box: Box, floor: BoxedFloor, pace: Pace, faults: Faults, keyring: Keyring
    ) -> None:
        self._venue = venue
        self._box = box
        self._floor = floor
        self._pace = pace
        self._faults = faults
        self._keyring = keyring
        self._routes: dict[tuple[str, ...], Callable[..., Any]] = {
            ("GET", "clock"): self._clock,
            ("GET", "record"): self._record,
            ("GET", "forecasts"): self._forecasts,
            ("GET", "keys"): lambda _: {"keys": keyring.shown()},
            ("GET", "faults"): lambda _: faults.shown(),
            ("PUT", "faults"): self._new_faults,
            ("DELETE", "faults"): lambda _: self._new_faults(b"{}"),
            ("POST", "transfers"): self._transfer,
            ("POST", "exchange", "pause"): lambda raw: self._do(PauseExchange(_read(raw, PauseBody).whole)),
            ("POST", "exchange", "resume"): lambda raw: self._do(_alone(raw, ResumeExchange())),
            ("POST", "markets", "*", "pause"): lambda raw, ticker: self._do(_alone(raw, PauseMarket(ticker))),
            ("POST", "markets", "*", "resume"): lambda raw, ticker: self._do(_alone(raw, ResumeMarket(ticker))),
            ("POST", "markets", "*", "determine"): lambda raw, ticker: self._do(Determine(ticker, *_result(raw))),
            ("POST", "markets", "*", "amend"): lambda raw, ticker: self._do(Amend(ticker, *_result(raw))),
            ("POST", "markets", "*", "close"): lambda raw, ticker: self._do(
                MoveClose(ticker, _read(raw, CloseBody).close_ns)
            ),
            ("POST", "markets", "*", "grid"): lambda raw, ticker: self._do(ChangeGrid(ticker, _bands(raw))),
            ("POST", "fills", "*", "bust"): lambda raw, trade: self._do(_bust(raw, trade)),
            ("POST", "fills", "*", "correct"): lambda raw, trade: self._do(_correction(raw, trade)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(ROOT):
            await self._venue(scope, receive, send)
            return
        body = await read_body(receive, BODY_MAX)
        if body is None:
            return
        try:
            reply = self._answer(scope, body)
        except Wrong as wrong:
            reply = _error(wrong.status, wrong.code, str(wrong))
        except FaultsError as error:
            reply = _error(400, "invalid_faults", str(error))
        except ExchangeError as error:
            reply = _error(409, "not_possible", str(error))
        headers = [(name.encode(), value.encode()) for name, value in reply.headers]
        headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _answer(self, scope: Scope, body: bytes) -> Reply:
        _must_be_from_here(scope)
        if len(body) > BODY_MAX:
            raise Wrong("payload_too_large", f"the body is larger than {BODY_MAX} bytes", 413)
        segments = tuple(unquote(part) for part in scope["path"].removeprefix(ROOT).split("/"))
        matching = {route: handler for route, handler in self._routes.items() if _fits(route[1:], segments)}
        for (method, *pattern), handler in matching.items():
            if method == scope["method"]:
                names = [part for part, want in zip(segments, pattern, strict=True) if want == "*"]
                told = handler(body, *names)
                return told if isinstance(told, Reply) else _reply(told)
        if matching:
            raise Wrong("method_not_allowed", f"here you may {', '.join(route[0] for route in matching)}", 405)
        raise Wrong("not_found", "the box has no such door; see docs/exchange-kalshi.md", 404)

    # --- the doors -------------------------------------------------------------------------------------

    def _clock(self, _: bytes) -> dict[str, int]:
        return {"now_ns": self._pace.now(), "speed": self._pace.speed, "started_ns": self._pace.started_ns}

    def _record(self, _: bytes) -> Reply:
        self._live()
        return Reply(200, encode(self._floor.boxed), (("content-type", LINES_TYPE),))

    def _forecasts(self, _: bytes) -> dict[str, Any]:
        """What the world's forecasters have published: the venue has no such thing, and a strategy may want some."""
        self._live()
        lines = [
            {
                "instrument": ticker,
                "probability": f"{ppm // MICRO}.{ppm % MICRO:06d}",
                "source": FORECAST_SOURCE,
                "ts_ms": ts // numbers.MILLISECOND,
            }
            for ticker, ppm, ts in self._floor.boxed.forecasts()
        ]
        return {"forecasts": lines}

    def _new_faults(self, raw: bytes) -> dict[str, Any]:
        try:
            told = msgspec.json.decode(raw)
        except msgspec.DecodeError as error:
            raise Wrong("bad_request", str(error)) from error
        self._faults.replace(plan_of(told, "the request"))
        return self._faults.shown()

    def _transfer(self, raw: bytes) -> dict[str, Any]:
        body = _read(raw, TransferBody)
        amount = _dollars(body.amount.removeprefix("-"), "amount")
        now = self._live()
        moved = self._floor.transfer(now, -amount if body.amount.startswith("-") else amount, body.reference)
        self._box.remember()
        if isinstance(moved, Rejected):
            raise Wrong(moved.code, moved.detail, 409)
        return {"transfer_id": moved.transfer_id, "amount": body.amount, "ts": moved.ts}

    def _do(self, act: Act) -> dict[str, Any]:
        now = self._live()
        self._floor.carry_out(now, act)
        self._box.remember()
        return {"done": type(act).__name__, "ts": now}

    def _live(self) -> int:
        return self._box.live_until(self._pace.now())


def _must_be_from_here(scope: Scope) -> None:
    """No web page may act here through its reader's browser: neither by another origin nor by another name for us."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if b"origin" in headers or not is_loopback(name.strip("[]")):
        raise Wrong("forbidden", "the control API answers only to programs on this machine, at a loopback address", 403)


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(raw: bytes, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise Wrong("bad_request", str(error)) from error


def _alone(raw: bytes, act: Act) -> Act:
    """An act that says everything by its address."""
    _read(raw, Nothing)
    return act


def _dollars(text: str, field: str) -> int:
    found = numbers.read_price(text)
    if isinstance(found, Unreadable):
        raise Wrong("invalid_parameters", f"{field} {text[:40]!r} is not dollars with at most four decimals: 0.5200")
    return found


def _result(raw: bytes) -> tuple[Result, int]:
    body = _read(raw, ResultBody)
    values: dict[Result, int] = {"yes": MICRO, "no": 0}
    if body.value is not None:
        return body.result, _dollars(body.value, "value")
    if body.result not in values:
        raise Wrong("invalid_parameters", "a scalar result needs a value: what one YES pays, such as 0.5000")
    return body.result, values[body.result]


def _bands(raw: bytes) -> tuple[PriceBand, ...]:
    ranges = _read(raw, GridBody).price_ranges
    return tuple(
        PriceBand(_dollars(each.start, "start"), _dollars(each.end, "end"), _dollars(each.step, "step"))
        for each in ranges
    )


def _trade(text: str) -> str:
    name = trade_name(text)
    if name is None:
        raise Wrong("not_found", f"{text[:80]!r} is no trade's id", 404)
    return name


def _bust(raw: bytes, trade: str) -> CorrectTrade:
    _read(raw, Nothing)
    # A trade that never was has no price either; the core wants one all the same.
    return CorrectTrade(_trade(trade), MICRO // 2, 0)


def _correction(raw: bytes, trade: str) -> CorrectTrade:
    body = _read(raw, CorrectBody)
    qty = numbers.read_count(body.count)
    if isinstance(qty, Unreadable):
        raise Wrong("invalid_parameters", f"count {body.count[:40]!r} is not contracts with at most two decimals: 3.00")
    return CorrectTrade(_trade(trade), _dollars(body.price, "price"), qty)


def _fits(pattern: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    return len(pattern) == len(segments) and all(
        want in ("*", got) for want, got in zip(pattern, segments, strict=True)
    )


def _reply(told: object, status: int = 200) -> Reply:
    return Reply(status, msgspec.json.encode(told), (("content-type", JSON_TYPE),))


def _error(status: int, code: str, message: str) -> Reply:
    return _reply({"error": {"code": code, "message": message}}, status)
