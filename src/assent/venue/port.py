"""The seam to a venue: what every adapter promises, whatever wire it speaks.

An adapter sends a submission once and says by phase what became of it: nothing left (`NotSent`), the venue said no
(`Refused`), yes (`Accepted`), or it cannot be known (`Unknown`). It never sends again by itself, and it never turns a
lost answer into a refusal. What it learns by itself goes into the sink as inputs, stamped with our own time.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

from assent.model.inputs import AccountSeen, CashSeen, Evidence, Input, Outcome, QuoteSeen, SettlementSeen
from assent.model.instruments import Instrument
from assent.model.orders import Correction, Fill, Order

# `market` may be replaced by a newer one with the same key; `venue` must be kept.
Lane = Literal["market", "venue"]


class Sink(Protocol):
    """Where an adapter puts what it learns."""

    def __call__(self, lane: Lane, item: Input, key: str = "") -> None: ...


def _nothing(*_: object) -> None:
    """For an adapter to whose desk nothing can happen in between."""


class Ended(NamedTuple):
    """An order that the venue no longer has on its book."""

    why: str
    filled: int


class Books(NamedTuple):
    """The venue's own record of us, taken at one moment. The first one after coming up holds every correction of a
    fill in it: a desk keeps one that came before its fill in memory alone, and asks here for it after a crash.

    An order that is not ours has one name in `account.open_orders`, in `account.resting`, in its fills and in the news
    of its end. What the venue says that a position cost goes into `account.costs`."""

    fills: list[Fill]
    settlements: list[SettlementSeen]
    account: AccountSeen
    corrections: list[Correction]
    transfers: Sequence[CashSeen] = ()
    # Of every market that is held, or in which an order rests, and that was never listed: out of scope, say.
    instruments: Sequence[Instrument] = ()


class Unavailable(NamedTuple):
    """The venue could not be read, after whatever attempts are right for it; `why` is for people."""

    why: str


class Permit(NamedTuple):
    """What an adapter asks the desk when bytes are about to leave, for what these bytes say: why they may not, or None.
    Without a desk around it, nothing stands in their way but the adapter's own reading."""

    # The order's id, now, and the digest of the order as it stands in the bytes.
    order: Callable[[str, int, str], str | None] = _nothing
    # The order's id, and of the order that the bytes take off the venue's id and the instrument.
    cancel: Callable[[str, str, str], str | None] = _nothing


class Venue(Protocol):
    """One account at one venue."""

    name: str

    async def connect(self, sink: Sink, *, wanted: Callable[[str, str, str], bool]) -> None:
        """Come up: list every market that is `wanted(market, event, series)`, with its present quote and phase."""
        ...

    async def feed(self) -> None:
        """Deliver what happens until cancelled."""
        ...

    async def send(self, order: Order) -> Outcome:
        """Submit once."""
        ...

    async def cancel(self, order: Order, venue_order_id: str) -> Outcome:
        """Ask to take an order off the book. Accepted with remaining zero: it is off, `filled` was executed."""
        ...

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        """What the venue's records say. `Absent` only where its own rule for absence is met; None: ask later. The
        order was released at `since_ts`: nothing of it can have left before."""
        ...

    async def look(self, instrument: str) -> QuoteSeen | Unavailable:
        """The top of one book, asked for now: what the last look before an order rests on."""
        ...

    async def reset_belts(self) -> None:
        """A person has resumed after a belt at the venue had closed (`order_group_triggered`): open it again. What
        stays closed is told by asking for the halt anew."""
        ...

    async def books(self) -> Books | Unavailable:
        """Every fill, settlement and transfer that may be missing, and the account as it is after exactly these."""
        ...
