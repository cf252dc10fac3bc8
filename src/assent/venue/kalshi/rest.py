"""Kalshi's REST interface: one place that signs, waits for its turn, sends, and says what became of it.

A read may be repeated: three attempts at most, each signed anew, further and further apart. A write is sent once and
never again, whatever comes of it; its outcome is told by phase, since only the caller can find out what an answer that
got lost would have said. A refused signature is final for the request that it stood on: nothing is signed again to
get another answer.

What leaves is what was signed: a write is compared, when its bytes are about to go, with the request line and the
headers that were made for it, and with the address of the environment.

Nothing that is raised or returned here holds a header or the key.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from assent.model.errors import AssentError
from assent.model.orders import DIFFERS
from assent.model.units import SECOND
from assent.venue.clock import Time
from assent.venue.kalshi import wire, wire_limits
from assent.venue.kalshi.limits import DOCUMENTED_COSTS, Costs, LimitsRefused, believed_costs, believed_limits
from assent.venue.kalshi.paging import Incomplete, Rows, Walk
from assent.venue.kalshi.signing import Signer
from assent.venue.kalshi.throttle import Busy, Granted, Lane, Throttle
from assent.venue.kalshi.turns import Turns
from assent.venue.leaving import IN_MEMORY, Headers, envelope_fault, origin_of
from assent.venue.transport import Answer, Failed, Leaving, Method, Request, Stays, Transport, Withheld

T = TypeVar("T")
Query = Sequence[tuple[str, str | int]]

ROOT: Final = "/trade-api/v2"
ATTEMPTS: Final = 3
# Between two attempts: about this, then twice as much, of which chance decides the half.
BACK_OFF: Final = SECOND // 4
# In the event loop's own time: a network is not quicker because a box's clock is.
# A query is asked because something waits for it; data may be a list of ten megabytes.
TIMEOUTS: Final[dict[Lane, int]] = {
    "cancel": 10 * SECOND,
    "query": 5 * SECOND,
    "submit": 10 * SECOND,
    "data": 15 * SECOND,
}
RETRY_AFTER_DIGITS_MAX: Final = 6
# Too many requests, too early, and whatever went wrong on the venue's side: the way is not free.
_TOO_EARLY: Final = 425
_TOO_MANY: Final = 429


# What to do, by the code or else by the status, for those that somebody can mend.
_ADVICE: Final[dict[str | int, str]] = {
    "header_timestamp_expired": "This machine's clock and the venue's differ by too much; set it by a time server.",
    "no_key": "Give the key's id and its file in the section [kalshi].",
    "not_sent": "See whether this machine has a network, and whether the venue is up.",
    "no_answer": "See whether this machine has a network, and whether the venue is up.",
    401: "The key's id and the private key do not belong together, or the key was deleted; create a new one.",
    403: "The key may not do this: see its scopes, its subaccount and its region in the account's settings.",
    429: "Something else uses up this account's budget of requests; give each program an account of its own.",
}


class KalshiHTTPError(AssentError):
    """A read got no usable answer, after whatever attempts are right for it.

    `status` is zero when nothing answered. `code` is the venue's own where it gave one; ours are `not_sent`,
    `no_answer`, `no_key` and those of the throttle.
    """

    def __init__(self, status: int, code: str, path: str, why: str = "") -> None:
        self.status = status
        self.code = code
        self.path = path
        said = f"was answered with {status} {code}" if status else f"got no answer ({code})"
        advice = _ADVICE.get(code) or _ADVICE.get(status, "")
        super().__init__(f"Kalshi: {path} {said}{f': {why}' if why else ''}. {advice}".rstrip())


class Answered(NamedTuple):
    """The venue answered; what it says is the caller's to read. `signed_ts` is when the request was signed and sent."""

    status: int
    body: bytes
    signed_ts: int


class NotLeft(NamedTuple):
    """Nothing of the request can have reached the venue. `why` is one of our codes, or what the network said."""

    why: str
    detail: str = ""


class Lost(NamedTuple):
    """It may have reached the venue, and no whole answer came."""

    why: str
    signed_ts: int


Written = Answered | NotLeft | Lost


class Rest:
    """One account's requests. Without a signer only what is public can be read. Chance decides how long to wait.
    `address` is the environment's: a write on its way to any other never begins."""

    def __init__(
        self,
        transport: Transport,
        signer: Signer | None,
        clock: Time,
        throttle: Throttle,
        *,
        chance: Random,
        address: str = IN_MEMORY,
    ) -> None:
        self._transport = transport
        self._origin = origin_of(address)
        self._signer = signer
        self._clock = clock
        self._turns = Turns(throttle, clock)
        self._chance = chance
        self._costs = DOCUMENTED_COSTS

    async def read(self, path: str, query: Query = (), *, lane: Lane = "data", signed: bool = True) -> bytes:
        """The body of a 200. Raises KalshiHTTPError."""
        target = _target(path, query)
        attempts = 0
        while True:
            got = await self._once("GET", path, target, lane=lane, signed=signed)
            attempts += 1
            if isinstance(got, Answered) and got.status == 200:
                return got.body
            if attempts == ATTEMPTS or not _worth_another(got):
                raise _error(got, path)
            half_ns = BACK_OFF // 2 << (attempts - 1)
            await self._clock.sleep(half_ns + self._chance.randrange(half_ns + 1))

    async def write(
        self,
        method: Method,
        path: str,
        body: bytes = b"",
        *,
        lane: Lane,
        shard: int | None = 0,
        not_after: int = 0,
        withheld: Withheld | None = None,
    ) -> Written:
        """Send once. `path` may carry a query. What could not leave by `not_after` (0: no such time) never leaves, nor
        does what `withheld` gives a reason against when its bytes are about to; a real network sends none without."""
        place = path.partition("?")[0]
        got = await self._once(
            method, place, ROOT + path, body, lane=lane, shard=shard, not_after=not_after, withheld=withheld
        )
        return NotLeft(got.code) if isinstance(got, Busy) else got

    async def pages(
        self,
        path: str,
        query: Query,
        read_page: Callable[[bytes], "wire.Page[T] | wire.Rejection"],
        *,
        lane: Lane = "data",
        signed: bool = True,
    ) -> Rows[T] | Incomplete:
        """Every page of a list to its last, or why it cannot be called whole. Raises KalshiHTTPError."""
        walk: Walk[T] = Walk()
        while True:
            cursor = [("cursor", walk.cursor)] if walk.cursor else []
            found = walk.take(read_page(await self.read(path, [*query, *cursor], lane=lane, signed=signed)))
            if found is not None:
                return found

    async def learn_limits(self) -> LimitsRefused | wire.Rejection | None:
        """Go on under the limits and costs that the venue has for this account, or say why they are not believed."""
        said = wire_limits.account_limits(await self.read("/account/limits"))
        limits = said if isinstance(said, wire.Rejection) else believed_limits(said)
        if isinstance(limits, LimitsRefused | wire.Rejection):
            return limits
        listed = wire_limits.endpoint_costs(await self.read("/account/endpoint_costs", signed=False))
        costs = listed if isinstance(listed, wire.Rejection) else believed_costs(listed.default, listed.rows)
        self._turns.adopt(limits)
        if not isinstance(costs, Costs):
            return costs
        self._costs = costs
        return None

    async def _once(
        self,
        method: Method,
        place: str,
        target: str,
        body: bytes = b"",
        *,
        lane: Lane,
        signed: bool = True,
        shard: int | None = 0,
        not_after: int = 0,
        withheld: Withheld | None = None,
    ) -> Written | Busy:
        """One attempt: wait for the turn, sign, send."""
        if signed and self._signer is None:
            return Busy("no_key", "no API key is configured, and the venue asks for one here")
        turn = await self._turns.turn(lane, self._costs.of_path(method, place), shard)
        if isinstance(turn, Busy):
            return turn
        now = self._clock.now()
        if not_after and now > not_after:
            return Busy("too_late", "its turn came after the time by which it had to leave")
        headers = {"accept": "application/json", "user-agent": "assent"}
        if body:
            headers["content-type"] = "application/json"
        if signed and self._signer is not None:
            headers |= self._signer.headers(method, target, now)
        if withheld is not None:
            withheld = self._as_signed(method, target, tuple(headers.items()), withheld)
        answer = await self._transport.request(
            Request(method, target, headers, body, withheld), timeout_ns=TIMEOUTS[lane]
        )
        if isinstance(answer, Failed):
            return NotLeft(answer.why, answer.detail) if answer.phase == "not_sent" else Lost(answer.why, now)
        self._note(turn, answer)
        return Answered(answer.status, answer.body, now)

    def _as_signed(self, method: Method, target: str, headers: Headers, then: Withheld) -> Withheld:
        """Around what these bytes say: that they are the request that was signed, on its way to where it belongs."""

        def withheld(leaving: Leaving) -> Stays | None:
            fault = envelope_fault(leaving, origin=self._origin, method=method, target=target, headers=headers)
            return Stays(DIFFERS, fault) if fault else then(leaving)

        return withheld

    def _note(self, turn: Granted, answer: Answer) -> None:
        if _pushes_back(answer.status):
            self._turns.pushed_back(turn, _retry_after_ns(answer))
        else:
            self._turns.answered(turn)


def _target(path: str, query: Query) -> str:
    written = urlencode([(name, str(value)) for name, value in query], quote_via=quote)
    return f"{ROOT}{path}?{written}" if written else ROOT + path


def _pushes_back(status: int) -> bool:
    return status in (_TOO_EARLY, _TOO_MANY) or status >= 500


def _worth_another(got: Written | Busy) -> bool:
    """A full throttle stays full, and what the venue refused it would refuse again."""
    if isinstance(got, Answered):
        return _pushes_back(got.status)
    return not isinstance(got, Busy)


def _retry_after_ns(answer: Answer) -> int:
    """Kalshi sends none; a gateway before it may. A date, or a number too long to be meant, is not read."""
    said = answer.headers.get("retry-after", "")
    plain = said.isascii() and said.isdigit() and len(said) <= RETRY_AFTER_DIGITS_MAX
    return int(said) * SECOND if plain else 0


def _error(got: Written | Busy, path: str) -> KalshiHTTPError:
    if isinstance(got, Answered):
        said = wire.error(got.body)
        return KalshiHTTPError(got.status, said.code, path, said.details or said.message)
    if isinstance(got, Busy):
        return KalshiHTTPError(0, got.code, path, got.why)
    return KalshiHTTPError(0, "not_sent" if isinstance(got, NotLeft) else "no_answer", path, got.why)
