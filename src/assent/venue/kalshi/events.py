"""What the stream's state machine says: bytes to send, and what was learned, in the venue's names and our integers.

The adapter turns these into the desk's inputs: it knows which instrument a ticker is and what is within scope.
"""

from typing import NamedTuple

from assent.model.inputs import MarketPhase
from assent.venue.kalshi.messages import EventListed, Fill, GroupUpdate, Lifecycle, OrderUpdate, Position, Ticker, Trade


class Send(NamedTuple):
    """Send this text frame now."""

    command: bytes


class HangUp(NamedTuple):
    """Close the socket if it is open, and connect anew, not before this time."""

    why: str
    not_before_ts: int


class QuoteKnown(NamedTuple):
    """The top of one book, from an unbroken sequence. None where a side is empty."""

    ticker: str
    bid: int | None
    bid_qty: int | None
    ask: int | None
    ask_qty: int | None
    source_ts: int
    received_ts: int


class QuoteLost(NamedTuple):
    """The quote told last for this market no longer stands, until another one is told."""

    ticker: str
    why: str
    received_ts: int


class Proven(NamedTuple):
    """A frame in unbroken sequence proved that every quote told and not lost is still what the venue holds."""

    received_ts: int


class PhaseKnown(NamedTuple):
    """A market changed its phase."""

    ticker: str
    phase: MarketPhase
    source_ts: int
    received_ts: int


class Told(NamedTuple):
    """A message that the stream passes on as it came: of our own money, or of the public."""

    message: Ticker | Trade | Fill | OrderUpdate | Position | Lifecycle | EventListed | GroupUpdate
    received_ts: int


class Missed(NamedTuple):
    """Messages of this channel may have passed us by, and are not sent again: ask for them by REST."""

    channel: str
    why: str
    received_ts: int


class KeptOut(NamedTuple):
    """Something came that cannot be true or that the venue would not do; `code` is a registered reason."""

    code: str
    detail: str
    received_ts: int


class Broken(NamedTuple):
    """A frame about money is not as the venue describes its type, in the field that `detail` names."""

    type: str
    code: str
    detail: str
    received_ts: int


Event = QuoteKnown | QuoteLost | Proven | PhaseKnown | Told | Missed | KeptOut | Broken
Output = Send | HangUp | Event
