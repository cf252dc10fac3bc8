"""Everything that can influence a decision. Nothing else can: the desk has no clock, no I/O and no randomness.

Each input carries `received_ts`, stamped by the one clock as it enters, and, where the outside has one, the source's
own time. Ours orders the ledger; theirs never does.
"""

from typing import Literal

import msgspec

from assent.model.assents import AssentSeen
from assent.model.belts import Belts
from assent.model.books import HeldCost, OpenOrder
from assent.model.constitution import Constitution, Narrowing
from assent.model.instruments import BinaryContract, Instrument, price_fits
from assent.model.orders import Correction, Fill
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.plugins import PluginUsed
from assent.model.settling import AdoptionAsked, CloseAsked, ResolutionAsked
from assent.model.units import MICRO, TIME_END, VALUE_MAX, is_time, is_value

Mode = Literal["paper", "observe", "dry-run", "live"]
Environment = Literal["sim", "box", "demo", "production"]
MarketPhase = Literal["open", "paused", "closed", "determined", "settled"]
Result = Literal["yes", "no", "scalar"]


class InstrumentSeen(msgspec.Struct, frozen=True, tag=True):
    """The venue lists an instrument within our scope."""

    instrument: Instrument
    received_ts: int


class QuoteSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Top of one book in YES terms; None where a side is empty."""

    instrument: str
    bid: int | None
    bid_qty: int | None
    ask: int | None
    ask_qty: int | None
    source_ts: int
    received_ts: int


class QuoteLost(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The quote held of this instrument may no longer be the venue's; nothing is decided on it until another comes."""

    instrument: str
    why: str
    received_ts: int


class BarSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One finished bar; `start_ts` is the venue's."""

    instrument: str
    open: int
    high: int
    low: int
    close: int
    volume: int
    start_ts: int
    received_ts: int


class StreamProven(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A frame or a poll proved that all quotes of the venue's stream are still what we hold."""

    venue: str
    received_ts: int


class ForecastSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An outside estimate of the probability of YES, in parts per million."""

    instrument: str
    probability_ppm: int
    source: str
    source_ts: int
    received_ts: int


class PhaseSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A market opened, paused, closed, was determined or settled."""

    instrument: str
    phase: MarketPhase
    source_ts: int
    received_ts: int


class SettlementSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue paid out. `value` is what one YES contract is worth: 1, 0, or between for scalar."""

    instrument: str
    result: Result
    value: int
    source_ts: int
    received_ts: int


class RejectionSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Something came in that cannot be true; the door kept it out."""

    code: str
    source: str
    detail: str
    received_ts: int


# What became of a submission, by phase: did bytes leave, and did an answer come?


class Accepted(msgspec.Struct, frozen=True, tag="accepted", gc=False):
    """The venue has it. `remaining` is zero when nothing rests any more; its fills come by their own road."""

    venue_order_id: str
    filled: int
    remaining: int


class Refused(msgspec.Struct, frozen=True, tag="refused", gc=False):
    """The venue said no, for good."""

    code: str
    detail: str


class NotSent(msgspec.Struct, frozen=True, tag="not_sent", gc=False):
    """Nothing left the building, and nothing will. `detail`: what was found, where the code alone would not say it."""

    reason: str
    detail: str = ""


class Unknown(msgspec.Struct, frozen=True, tag="unknown", gc=False):
    """It may have arrived. Never to be read as refused."""

    detail: str


class Absent(msgspec.Struct, frozen=True, tag="absent", gc=False):
    """The venue's own rule for absence was met: it never arrived and never will."""

    evidence: str


Outcome = Accepted | Refused | NotSent | Unknown
Evidence = Accepted | Absent


class LookAnswered(msgspec.Struct, frozen=True, tag=True, gc=False):
    """What the venue said of one book when it was asked for an intent's last look; `why` where it said nothing."""

    intent_id: str
    quote: QuoteSeen | None
    why: str
    received_ts: int


class SendAnswered(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The outcome of the one submission of an order."""

    order_id: str
    outcome: Outcome
    received_ts: int


class EvidenceSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """What the venue's own records say of an order whose outcome we did not learn."""

    order_id: str
    finding: Evidence
    source: str
    received_ts: int


class CancelAnswered(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The outcome of a cancel. `accepted` with remaining zero closes the order."""

    order_id: str
    outcome: Outcome
    received_ts: int


class OrderClosedSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue took an order off the book: `filled` is all that was ever executed of it."""

    order_id: str
    why: str
    filled: int
    received_ts: int


class FillSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A fill, from a stream or a poll, in any order, any number of times."""

    fill: Fill
    received_ts: int


class CorrectionSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The venue corrected or took back a fill."""

    correction: Correction
    received_ts: int


class CashSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Money came to or left the account by the owner's hand: positive in, negative out.

    What carries a `transfer_id` is booked once, however often it is told.
    """

    amount: int
    reference: str
    received_ts: int
    transfer_id: str = ""


class Holding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A signed position at the venue."""

    instrument: str
    qty: int


class AccountSeen(msgspec.Struct, frozen=True, tag=True):
    """The venue's own books, whole: what start-up and reconciliation compare ours with. `costs` and `resting` say what
    the venue tells beyond that of positions and open orders; a person who accepts its books needs them."""

    cash: int
    holdings: tuple[Holding, ...]
    open_orders: tuple[str, ...]
    source: str
    source_ts: int
    received_ts: int
    costs: tuple[HeldCost, ...] = ()
    resting: tuple[OpenOrder, ...] = ()


class AccountUnavailable(msgspec.Struct, frozen=True, tag=True):
    """The venue's own books were asked for and could not be read."""

    source: str
    detail: str
    received_ts: int


class TimePassed(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One cycle of the clock."""

    received_ts: int


class LedgerOpening(msgspec.Struct, frozen=True, tag=True):
    """A fresh ledger is to be sealed: what it is about, and 80 random bits that no other ledger has."""

    ledger_id: str
    mode: Mode
    venue: str
    environment: Environment
    account: str
    constitution: Constitution
    build: str
    received_ts: int


class ConstitutionOffered(msgspec.Struct, frozen=True, tag=True):
    """A start read these limits from the desk's file. Nobody has said that they may be looser."""

    constitution: Constitution
    received_ts: int


class AmendmentAsked(msgspec.Struct, frozen=True, tag=True):
    """A named person asks for other limits, looser ones too, instead of those in force that the person was shown."""

    instead_of: str
    constitution: Constitution
    by: str
    reason: str
    received_ts: int


class DeskStarting(msgspec.Struct, frozen=True, tag=True):
    """The process came up: what it is built from, which strategies it runs, and what it was told to keep to."""

    build: str
    strategies: tuple[str, ...]
    received_ts: int
    plugins: tuple[PluginUsed, ...] = ()
    narrowed: Narrowing | None = None
    belts: Belts | None = None


class DeskStopping(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The process goes down in good order."""

    why: str
    received_ts: int


class HaltAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A person, a watchdog or the runtime itself asks for a halt with a registered cause."""

    cause: str
    by: str
    detail: str
    received_ts: int


class KillSwitchSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """How the owner's kill switch stands: told at each start, and whenever it has changed. `exits`: what leaves a
    position may still be sent under it."""

    is_set: bool
    exits: bool
    detail: str
    received_ts: int


class ResumeAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person asks to clear a halt. `cause` empty means every halt that a human may clear. `factor`: a second
    factor was proven."""

    cause: str
    by: str
    reason: str
    received_ts: int
    factor: bool = False


class CancelAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person asks that an order be cancelled, by our name for it or the venue's; empty means all of them."""

    order_id: str
    by: str
    received_ts: int


Input = (
    InstrumentSeen
    | QuoteSeen
    | QuoteLost
    | BarSeen
    | StreamProven
    | ForecastSeen
    | PhaseSeen
    | SettlementSeen
    | RejectionSeen
    | LookAnswered
    | SendAnswered
    | EvidenceSeen
    | CancelAnswered
    | OrderClosedSeen
    | FillSeen
    | CorrectionSeen
    | CashSeen
    | AccountSeen
    | AccountUnavailable
    | TimePassed
    | LedgerOpening
    | ConstitutionOffered
    | AmendmentAsked
    | DeskStarting
    | DeskStopping
    | HaltAsked
    | KillSwitchSeen
    | ResumeAsked
    | OverrideAsked
    | OverrideEndAsked
    | CancelAsked
    | AdoptionAsked
    | ResolutionAsked
    | CloseAsked
    | AssentSeen
)


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Input] = msgspec.json.Decoder(Input)


def input_fault(item: Input) -> str | None:
    """Why this is not a well-formed input, or None: its own bytes must decode, strictly, to the same thing.

    Constructing a Struct checks nothing, so this is how a float, a bool or a text in a number's place is found out.
    Quotes come too often for it and have a check of their own.
    """
    try:
        again = _decoder.decode(_encoder.encode(item))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        return f"{type(item).__name__}: {error}"
    return None if again == item else f"{type(item).__name__}: it does not survive being written down"


def bar_fault(instrument: Instrument, bar: BarSeen) -> str | None:
    """The rejection code of a bar that cannot be true, or None.

    Asked for each bar: so whether its numbers make a bar is decided in one comparison, and why not only afterwards.
    """
    open_, high, low, close, volume = bar.open, bar.high, bar.low, bar.close, bar.volume
    if not type(open_) is type(high) is type(low) is type(close) is type(volume) is int:
        return "market_data_not_a_number"
    if not (0 < low <= open_ <= high <= VALUE_MAX and low <= close <= high and 0 <= volume <= VALUE_MAX):
        return _why_no_bar(open_, high, low, close, volume)
    if (high >= MICRO and type(instrument) is BinaryContract) or not instrument.prices.hold(open_, high, low, close):
        return "market_data_off_grid"
    started, received = bar.start_ts, bar.received_ts
    if type(started) is type(received) is int and 0 <= started < TIME_END and 0 <= received < TIME_END:
        return None
    return "market_data_bad_time"


def _why_no_bar(open_: int, high: int, low: int, close: int, volume: int) -> str:
    """The first thing that is wrong with numbers that are no bar."""
    if not all(is_value(number) for number in (open_, high, low, close, volume)):
        return "market_data_huge"
    return "market_data_not_positive" if low <= 0 or volume < 0 else "market_data_crossed"


def quote_fault(instrument: Instrument, quote: QuoteSeen) -> str | None:
    """The rejection code of a quote that cannot be true, or None. Total: any object in any field gets an answer."""
    for price, qty in ((quote.bid, quote.bid_qty), (quote.ask, quote.ask_qty)):
        fault = _side_fault(instrument, price, qty)
        if fault:
            return fault
    if not (is_time(quote.source_ts) and is_time(quote.received_ts)):
        return "market_data_bad_time"
    if quote.bid is not None and quote.ask is not None and quote.bid >= quote.ask:
        return "market_data_crossed"
    return None


def _side_fault(instrument: Instrument, price: object, qty: object) -> str | None:
    if price is None and qty is None:
        return None
    if type(price) is not int or type(qty) is not int:
        return "market_data_not_a_number"
    if not is_value(price) or not is_value(qty):
        return "market_data_huge"
    if price <= 0 or qty <= 0:
        return "market_data_not_positive"
    if not price_fits(instrument, price):
        return "market_data_off_grid"
    return None
