"""What the desk decided, and what it learned about our money: the only things that the ledger holds.

Past tense, closed union, one schema version. State is a fold of these and of nothing else. A fact's bytes are its
canonical JSON; before it is committed it is decoded once from its own bytes, so that nothing reaches the ledger that
a later reader would refuse or read differently.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven, AssentRefused
from assent.model.belts import Belts
from assent.model.change import LimitChange
from assent.model.constitution import Constitution, Narrowing
from assent.model.errors import InvariantBroken
from assent.model.inputs import Environment, Evidence, Holding, Mode, Result
from assent.model.instruments import Instrument
from assent.model.intents import Check, Intent, QuoteTaken
from assent.model.levels import Reset
from assent.model.orders import Correction, Fill, Mark, Order
from assent.model.overrides import HaltOverridden, OverrideEnded, OverrideRefused
from assent.model.plugins import PluginUsed
from assent.model.settling import ActRefused, BooksAdopted, FillRecognised, OrderAdopted
from assent.model.would import AckSimulated, WouldOrderEnded, WouldRelease

SCHEMA_VERSION = 1

How = Literal["file at start", "amendment"]


class LedgerOpened(msgspec.Struct, frozen=True, tag=True):
    """The seal: what this ledger is about. Always the first record, and only there."""

    ledger_id: str
    mode: Mode
    venue: str
    environment: Environment
    account: str
    constitution: Constitution
    constitution_digest: str
    build: str


class ConstitutionChanged(msgspec.Struct, frozen=True, tag=True):
    """Other limits are in force from here on. `by` is a person for an amendment; a start may only tighten."""

    old_digest: str
    constitution: Constitution
    digest: str
    changes: tuple[LimitChange, ...]
    how: How
    by: str
    reason: str


class AmendmentRefused(msgspec.Struct, frozen=True, tag=True):
    """Other limits were asked for and may not come into force; those before stay."""

    digest: str
    changes: tuple[LimitChange, ...]
    by: str
    why: str


class DeskStarted(msgspec.Struct, frozen=True, tag=True):
    """The process came up. `plugins` do not ship with the build; `narrowed` bounds the scope until the next start, and
    until then `belts` hold for every order."""

    build: str
    strategies: tuple[str, ...]
    plugins: tuple[PluginUsed, ...] = ()
    narrowed: Narrowing | None = None
    belts: Belts | None = None


class DeskStopped(msgspec.Struct, frozen=True, tag=True):
    """The process went down in good order."""

    why: str


class InstrumentListed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Recorded before the first intent on it, and again when its description changes."""

    instrument: Instrument


class InputRejected(msgspec.Struct, frozen=True, tag=True):
    """Something untrue was kept out. Recorded at the 1st, 2nd, 4th, 8th… time, with the count so far."""

    code: str
    source: str
    detail: str
    count: int


class IntentProposed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A strategy's idea passed every rule."""

    intent: Intent
    checks: tuple[Check, ...]
    quote: QuoteTaken | None


class IntentRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A strategy's idea did not pass. `repeats` are the same refusals that were only counted since the last record."""

    intent: Intent
    reason: str
    checks: tuple[Check, ...]
    quote: QuoteTaken | None
    repeats: int


class LookRequested(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The idea passed, but its quote was proven too long ago: the venue is asked for a fresh one before anything is
    sent. `price` is what there was to deal at when the idea was judged."""

    intent_id: str
    instrument: str
    price: int | None


class IntentSkipped(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The last look ended without a release. `checks` and `quote` are those of the look; both are missing where no
    answer could be judged. `repeats` are the same ideas that were only counted meanwhile."""

    intent_id: str
    reason: str
    detail: str
    checks: tuple[Check, ...]
    quote: QuoteTaken | None
    repeats: int


class DecisionRecorded(msgspec.Struct, frozen=True, tag=True):
    """One per cycle, NO_TRADE included, for a strategy that asks for it."""

    strategy: str
    decision: Literal["TRADE", "NO_TRADE"]
    reason: str
    scores: tuple[tuple[str, int], ...]


class OrderReleased(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The one permission to send. `assent` says who gave it; the digest binds the exact bytes."""

    order: Order
    digest: str
    assent: str


class OrderAccepted(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue has it. With `remaining` zero nothing rests; `filled` of it was executed by then."""

    order_id: str
    venue_order_id: str
    filled: int
    remaining: int


class OrderRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue said no, for good."""

    order_id: str
    code: str
    detail: str


class OrderNotSent(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Nothing left the building for this release, and nothing will. `detail`: what was found, where that says more."""

    order_id: str
    reason: str
    detail: str = ""


class OrderUnknown(msgspec.Struct, frozen=True, tag=True, gc=False):
    """It may have arrived. Its worst case stays reserved until evidence comes."""

    order_id: str
    detail: str


class OrderResolved(msgspec.Struct, frozen=True, tag=True, gc=False, omit_defaults=True):
    """Evidence settled what became of it; where none does, the word of the person `by`, and what it rests on."""

    order_id: str
    finding: Evidence
    source: str
    by: str = ""
    reason: str = ""


class OrderClosed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Nothing of it rests any more; `filled` is all that was ever executed."""

    order_id: str
    why: str
    filled: int


class OrderQuarantined(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Something came that the order's life does not know. The money moved all the same; a person must look."""

    order_id: str
    reason: str


class CancelReleased(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Ask the venue to take it off. May be asked again; the answer may be late. `superseded_by` is the intent id of
    a newer idea that asks for its place."""

    order_id: str
    by: str
    why: str
    superseded_by: str = ""


class CancelEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue's answer to a cancel that did not close the order."""

    order_id: str
    result: Literal["refused", "not_sent", "unknown"]
    detail: str


class CancelKept(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A person asked to cancel an order that was being sent. It is carried out once the order is known to be live."""

    order_id: str
    by: str


class FillBooked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An execution moved our money and our position, once."""

    fill: Fill


class FillCorrected(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue said what a fill really was, or took it back."""

    correction: Correction


class FeeDiffered(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue charged something else than our reading of its schedule."""

    fill_id: str
    charged: int
    estimated: int


class MarketSettled(msgspec.Struct, frozen=True, tag=True):
    """The outcome of a listed instrument, and what it paid us. `qty` is the signed position it found. Nothing of ours
    rests there any more. A fill that is told later is paid by a record of its own."""

    instrument: str
    result: Result
    value: int
    qty: int
    payout: int
    venue_ts: int = 0


class SettlementCorrected(msgspec.Struct, frozen=True, tag=True):
    """The venue changed an outcome that was paid out. `payout` is what that moved: negative when we gave back."""

    instrument: str
    result: Result
    value: int
    qty: int
    payout: int
    venue_ts: int


class CashMoved(msgspec.Struct, frozen=True, tag=True):
    """The owner's own money came or went. `transfer_id` is the venue's name for it, where it has one."""

    amount: int
    reference: str
    transfer_id: str = ""


class EquityMarked(msgspec.Struct, frozen=True, tag=True):
    """Cash plus positions at their bids (at their last mark where there is none)."""

    equity: int
    cash: int
    exposure: int
    marks: tuple[Mark, ...] = ()


class AccountMatched(msgspec.Struct, frozen=True, tag=True):
    """The venue's books and ours agree to the last micro. `cash`, `positions`, `orders` are what both show."""

    cash: int
    positions: tuple[Holding, ...]
    open_orders: int
    source: str


class AccountSnapshot(msgspec.Struct, frozen=True, tag=True):
    """The venue's books cannot be read: what both last showed, and how many nanoseconds ago that was."""

    cash: int
    positions: tuple[Holding, ...]
    open_orders: int
    age: int
    source: str


class DiscrepancyFound(msgspec.Struct, frozen=True, tag=True):
    """The venue says something else than we do."""

    what: str
    ours: int
    theirs: int
    source: str


class StrategyStopped(msgspec.Struct, frozen=True, tag=True):
    """A strategy broke its contract; it is not called any more."""

    strategy: str
    reason: str
    detail: str


class HaltRaised(msgspec.Struct, frozen=True, tag=True):
    """The desk may do less from here on."""

    cause: str
    level: int
    reset: Reset
    by: str
    detail: str


class HaltCleared(msgspec.Struct, frozen=True, tag=True):
    """A halt ended: by a person, or because its cause went quiet."""

    cause: str
    by: str
    reason: str


class ResumeRefused(msgspec.Struct, frozen=True, tag=True):
    """A person asked to resume and may not yet."""

    cause: str
    by: str
    why: str


class StateMarked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The digest of the state that all records up to `seq` fold to."""

    seq: int
    digest: str


Fact = (
    LedgerOpened
    | ConstitutionChanged
    | AmendmentRefused
    | DeskStarted
    | DeskStopped
    | InstrumentListed
    | InputRejected
    | IntentProposed
    | IntentRefused
    | LookRequested
    | IntentSkipped
    | DecisionRecorded
    | OrderReleased
    | WouldRelease
    | AckSimulated
    | WouldOrderEnded
    | OrderAccepted
    | OrderRefused
    | OrderNotSent
    | OrderUnknown
    | OrderResolved
    | OrderClosed
    | OrderQuarantined
    | CancelReleased
    | CancelEnded
    | CancelKept
    | FillBooked
    | FillCorrected
    | FeeDiffered
    | MarketSettled
    | SettlementCorrected
    | CashMoved
    | EquityMarked
    | AccountMatched
    | AccountSnapshot
    | DiscrepancyFound
    | BooksAdopted
    | OrderAdopted
    | FillRecognised
    | ActRefused
    | ApprovalRequested
    | AssentGiven
    | AssentDenied
    | ApprovalEnded
    | AssentRefused
    | StrategyStopped
    | HaltRaised
    | HaltCleared
    | ResumeRefused
    | HaltOverridden
    | OverrideEnded
    | OverrideRefused
    | StateMarked
)

_encode = msgspec.json.Encoder().encode
_decode: Callable[[bytes], Fact] = msgspec.json.Decoder(Fact).decode


def kind_of(fact: Fact) -> str:
    """The record's kind: the name of the fact's type."""
    return type(fact).__name__


def encode_fact(fact: Fact) -> bytes:
    """Canonical bytes, proven readable: decoding them and encoding again gives the same fact and the same bytes."""
    body = _encode(fact)
    try:
        again = _decode(body)
    except msgspec.ValidationError as error:
        raise InvariantBroken("fact_unreadable", kind=kind_of(fact), error=str(error)) from None
    if again != fact or _encode(again) != body:
        raise InvariantBroken("fact_not_canonical", kind=kind_of(fact), body=body[:200])
    return body


def decode_fact(kind: str, version: int, body: bytes) -> Fact:
    """The fact in a stored record; one of another version or kind is refused, never guessed at."""
    if version != SCHEMA_VERSION:
        raise InvariantBroken("fact_version_unknown", kind=kind, version=version, known=SCHEMA_VERSION)
    fact = _decode(body)
    if type(fact).__name__ != kind:
        raise InvariantBroken("fact_kind_differs", record=kind, body=kind_of(fact))
    return fact
