"""The adapter's voice: everything that the desk learns from Kalshi goes through here, stamped with our own time.

It knows how to say the four things that are no market data: what was kept out, what could not be read, a promise of
the venue's that broke, and a reason to halt. Who asks the venue for something need not know how that is told.
"""

from typing import Final, NamedTuple

from assent.model.inputs import HaltAsked, Input, RejectionSeen
from assent.model.reasons import REASONS
from assent.model.text import shown
from assent.venue.clock import Time
from assent.venue.kalshi.paging import Incomplete
from assent.venue.kalshi.rest import KalshiHTTPError
from assent.venue.kalshi.wire import Rejection
from assent.venue.port import Lane, Sink

DETAIL_MAX: Final = 300
AUTH_STATUSES: Final = frozenset({401, 403})
TOO_OLD: Final = "header_timestamp_expired"
# What came was no answer of the venue's; a proxy or an outage spoke. Everything else breaks the venue's word.
_NOT_THE_VENUE: Final = frozenset({"answer_not_json", "answer_too_large"})


class Unread(NamedTuple):
    """Something could not be read, or not whole. `rejection`: what the venue said where it broke its own contract."""

    what: str
    why: str
    status: int = 0
    code: str = ""
    rejection: Rejection | None = None

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


def unread(what: str, found: KalshiHTTPError | Incomplete | Rejection) -> Unread:
    """Whatever a read ended in that is no answer."""
    if isinstance(found, KalshiHTTPError):
        return Unread(what, shown(str(found), DETAIL_MAX), found.status, found.code)
    if isinstance(found, Incomplete):
        broken = Rejection(found.code, what, found.why) if found.code not in _HONEST else None
        return Unread(what, f"{found.code}: {found.why}", rejection=broken)
    why = f"{found.code} at {found.path or 'the top'}: {found.detail}"
    return Unread(what, why, rejection=None if found.code in _NOT_THE_VENUE else found)


# A list that shifts or has grown too long is nobody's broken word.
_HONEST: Final = frozenset({"too_many_pages", "page_repeated", "cursor_repeated"}) | _NOT_THE_VENUE


class Telling:
    """One adapter's way into the desk. Until it is connected nobody listens."""

    def __init__(self, name: str, clock: Time) -> None:
        self.name = name
        self._clock = clock
        self._sink: Sink | None = None

    def connect(self, sink: Sink) -> None:
        self._sink = sink

    def now(self) -> int:
        return self._clock.now()

    async def sleep(self, duration_ns: int) -> None:
        await self._clock.sleep(duration_ns)

    def put(self, lane: Lane, item: Input, key: str = "") -> None:
        if self._sink is not None:
            self._sink(lane, item, key)

    def kept_out(self, code: str, detail: str) -> None:
        """Counted and stored by the desk."""
        self.put("venue", RejectionSeen(code, self.name, shown(detail, DETAIL_MAX), self.now()))

    def halt(self, cause: str, detail: str) -> None:
        self.put("venue", HaltAsked(cause, self.name, shown(detail, DETAIL_MAX), self.now()))

    def broken(self, what: str, rejection: Rejection) -> None:
        """The venue broke its own contract where it is about money: nothing new is opened until a person has looked."""
        where = f"{rejection.path}: " if rejection.path else ""
        said = f"{what}: {where}{rejection.detail}. {REASONS[rejection.code].sentence} ({rejection.code})"
        self.kept_out(rejection.code, said)
        self.halt("venue_contract", said)

    def refused_key(self, what: str, status: int, code: str) -> None:
        """To sign again and again would not make it better. A request that was dated too long ago says nothing about
        the key: it was held up, or a clock is wrong, and then it will happen again."""
        cause = "venue_clock" if code.partition(" ")[0] == TOO_OLD else "venue_auth"
        self.halt(cause, f"{what}: {status} {code}")

    def not_read(self, missing: Unread) -> None:
        """A read that did not succeed, judged by why."""
        if missing.rejection is not None:
            self.broken(missing.what, missing.rejection)
            return
        self.kept_out("venue_unreadable", str(missing))
        if missing.status in AUTH_STATUSES:
            self.refused_key(missing.what, missing.status, missing.code)
