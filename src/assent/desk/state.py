"""The desk's durable state: what all facts so far fold to, and a digest of it that two processes can compare.

`State` is changed by `desk.fold` alone. Orders that have ended, fills and settlements are kept for ever (a late fill
must find its order) in the archive, whose growing content enters the digest as a chain, so that marking a state stays
cheap however long the ledger is.
"""

from hashlib import sha256

import msgspec

from assent.model.belts import Belts
from assent.model.constitution import Narrowing, in_scope
from assent.model.exits import Exits
from assent.model.facts import AccountMatched, LedgerOpened
from assent.model.inputs import Result
from assent.model.instruments import Future, Instrument
from assent.model.intents import Intent
from assent.model.levels import Level, Reset
from assent.model.orders import Fill, Order, Side
from assent.model.units import MICRO, mul_up, share_up

CASH, POSITIONS, REALISED, FEES, DEPOSITS = "cash", "positions", "realised", "fees", "deposits"
# What our books became by a person's acceptance of the venue's, where no fill and no transfer explains it.
ADJUSTMENTS = "adjustments"
# Under this name the desk proposes for itself; no strategy may have it.
DESK = "desk"


class Position(msgspec.Struct, gc=False):
    """Signed quantity, and what it cost: money paid for a binary contract, entry notional for a future."""

    qty: int = 0
    cost: int = 0


class Grant(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One person's yes."""

    person: str
    identity: str
    ts: int


class Warrant(msgspec.Struct, frozen=True, array_like=True):
    """What an order was released on: the terms that people assented to, and every order that these cover."""

    terms: str
    orders: tuple[str, ...]
    grants: tuple[Grant, ...]


class OrderState(msgspec.Struct, gc=False):
    """Where one released order stands. `venue_filled` is set once the venue says that nothing rests any more,
    `superseded_by` is the newer idea for which the strategy has it taken off."""

    order: Order
    intent: Intent
    status: str
    released_ts: int
    venue_order_id: str = ""
    filled: int = 0
    venue_filled: int | None = None
    unknown_ts: int | None = None
    cancel: str = ""
    cancel_ts: int = 0
    # Who asked for a cancel that must wait until the order is known to be live.
    cancel_by: str = ""
    # What fills lost by correction: the venue's count of what was executed still holds it.
    busted: int = 0
    released_seq: int = 0
    superseded_by: str = ""
    # Those of the run that released it.
    belts: Belts | None = None
    # Of the bytes that were released, and whose assent they have; None where nobody had to be asked.
    digest: str = ""
    warrant: Warrant | None = None

    @property
    def open_qty(self) -> int:
        """What may still be filled: the worst case that limits must hold."""
        if self.venue_filled is None:
            return max(0, self.order.qty - self.filled)
        return max(0, self.venue_filled - self.busted - self.filled)

    @property
    def open_fee(self) -> int:
        """The worst fee of what may still be filled; that of the filled part is booked already."""
        return share_up(self.open_qty, self.order.qty, self.intent.fee)


class Look(msgspec.Struct, frozen=True):
    """An intent that waits for a fresh quote: what there was to deal at when it was judged, and since when it waits."""

    intent: Intent
    price: int | None
    asked_ts: int


class Asked(msgspec.Struct):
    """An intent that waits for people: what they are asked, what there was to deal at, who has said yes so far."""

    intent: Intent
    code: str
    terms: str
    orders: tuple[str, ...]
    people: int
    price: int | None
    asked_ts: int
    expires_ts: int
    grants: tuple[Grant, ...] = ()

    @property
    def complete(self) -> bool:
        return len(self.grants) >= self.people


class Override(msgspec.Struct, frozen=True, array_like=True):
    """A halt does not hold the level until then: who wanted it so, why, and since when."""

    by: str
    reason: str
    since_ts: int
    until_ts: int


class Halt(msgspec.Struct):
    """One cause that holds the level down."""

    cause: str
    level: int
    reset: Reset
    by: str
    detail: str
    raised_ts: int
    raised_seq: int
    override: Override | None = None

    def overridden(self, now: int) -> Override | None:
        """The override that is in force now. By the time alone: nobody need have noticed that one is over."""
        return self.override if self.override is not None and now < self.override.until_ts else None


class Guard(msgspec.Struct, frozen=True):
    """The exits of a position. `watched`: there is something for the desk to see to; the rest stands at the venue."""

    intent_id: str
    side: Side
    exits: Exits
    since_ts: int
    watched: bool


class Differing(msgspec.Struct, frozen=True, array_like=True):
    """Something that the venue's books show otherwise than ours: since when, and by whose word."""

    ours: int
    theirs: int
    since_ts: int
    source: str


class Outcome(msgspec.Struct, frozen=True):
    """How a market ended, by the venue's word of `venue_ts`, and the signed quantity that was paid out."""

    result: Result
    value: int
    qty: int
    venue_ts: int


class Release(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One order that may have been sent: when, what it was worth, and whether it was to open."""

    ts: int
    notional: int
    entry: bool


class Pace(msgspec.Struct):
    """What was released on one day, by its number since 1970, and the releases of the last hour; see `desk.pace`."""

    day: int = 0
    orders: int = 0
    notional: int = 0
    entries: dict[str, int] = {}
    recent: list[Release] = []
    entry_ts: int | None = None


class Baseline(msgspec.Struct, frozen=True, array_like=True):
    """What the account was worth when a period began."""

    period: int
    equity: int


class Worth(msgspec.Struct):
    """Baselines by period, the peak, transfers since the last mark, and how trades ended; see `desk.worth`."""

    bases: dict[str, Baseline] = {}
    peak: int | None = None
    moved: int = 0
    trades: dict[str, int] = {}
    streak: int = 0
    loss_ts: int | None = None


class Archive:
    """What has ended but must be found again. Kept out of the digest; every change to it enters `chain`."""

    __slots__ = (
        "adopted",
        "answers",
        "asked",
        "chain",
        "denied",
        "fills",
        "instruments",
        "noted",
        "orders",
        "outcomes",
        "transfers",
    )

    def __init__(self) -> None:
        self.orders: dict[str, OrderState] = {}
        self.fills: dict[str, Fill] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.instruments: dict[str, Instrument] = {}
        self.transfers: dict[str, int] = {}
        # Executions that move nothing here when they are told again: a person has accepted or resolved them.
        self.noted: dict[str, Fill] = {}
        # Instruments whose position a person took over from the venue: our fills alone do not explain it.
        self.adopted: dict[str, int] = {}
        # How each question to people ended, by the intent's id, with its code; and every answer that was taken, by the
        # name that its channel gave it: none is taken twice.
        self.asked: dict[str, tuple[str, str]] = {}
        self.answers: dict[str, str] = {}
        # The last no to each idea (strategy, market, action, side): to which intent, and when.
        self.denied: dict[tuple[str, str, str, str], tuple[str, int]] = {}
        self.chain = bytes(32)

    def note(self, item: msgspec.Struct) -> None:
        self.chain = sha256(self.chain + _encode(item)).digest()


class State:
    """Everything that a restart must have back. See `DIGESTED` for what the digest covers."""

    __slots__ = (
        "accounts",
        "archive",
        "asked",
        "belts",
        "decisions",
        "differing",
        "equity",
        "guards",
        "halts",
        "instruments",
        "level",
        "looks",
        "marks",
        "matched",
        "matched_seq",
        "matched_ts",
        "narrowed",
        "opened_ts",
        "orders",
        "pace",
        "positions",
        "proposed",
        "raised",
        "rejections",
        "seal",
        "seq",
        "started_seq",
        "started_ts",
        "stopped",
        "tightened_seq",
        "ts",
        "unmatched",
        "worth",
        "would",
    )

    def __init__(self) -> None:
        self.seq = 0
        self.ts = 0
        # What the ledger is about, with the constitution that is in force: later recorded changes are in it.
        self.seal: LedgerOpened | None = None
        self.opened_ts = 0
        # What this start keeps to besides, until the next one.
        self.narrowed: Narrowing | None = None
        # What this start keeps every order in, until the next one.
        self.belts: Belts | None = None
        # The record by which a limit was last tightened: entries released before it rest under limits that are no more.
        self.tightened_seq = 0
        self.started_ts = 0
        self.started_seq = 0
        self.decisions = 0
        self.instruments: dict[str, Instrument] = {}
        self.proposed: dict[str, Intent] = {}
        # Intents whose last look was asked for, by id. They reserve nothing: every rule runs again at the answer.
        self.looks: dict[str, Look] = {}
        # Intents that wait for people's assent, by id. They reserve nothing either.
        self.asked: dict[str, Asked] = {}
        self.orders: dict[str, OrderState] = {}
        # In observe: what would rest at the venue. Nothing of it is at stake, so only what counts orders counts these.
        self.would: dict[str, OrderState] = {}
        self.positions: dict[str, Position] = {}
        self.accounts: dict[str, int] = {CASH: 0, POSITIONS: 0, REALISED: 0, FEES: 0, DEPOSITS: 0, ADJUSTMENTS: 0}
        self.equity: int | None = None
        # What each position was worth at its last bid: it stands when the bid goes, and after a restart.
        self.marks: dict[str, int] = {}
        # How the position in an instrument is to be left, when its entry said so.
        self.guards: dict[str, Guard] = {}
        self.halts: dict[str, Halt] = {}
        # When each cause that may become a person's was last raised; see `desk.halts`.
        self.raised: dict[str, list[int]] = {}
        # The strictest of all halts that stand, overridden or not. What may be done at a moment: `halts.level_at`.
        self.level = Level.TRADING
        self.stopped: dict[str, str] = {}
        self.rejections: dict[str, int] = {}
        # The last comparison that was recorded: what our books and the venue's both showed.
        self.matched: AccountMatched | None = None
        self.matched_ts: int | None = None
        self.matched_seq = 0
        self.unmatched = 0
        # What was found different since our books last agreed, by what it is about.
        self.differing: dict[str, Differing] = {}
        self.pace = Pace()
        self.worth = Worth()
        self.archive = Archive()

    @property
    def cash(self) -> int:
        return self.accounts[CASH]

    def find_order(self, order_id: str) -> OrderState | None:
        """Open or ended: an order is never forgotten."""
        return self.orders.get(order_id) or self.archive.orders.get(order_id)

    def find_instrument(self, instrument: str) -> Instrument | None:
        return self.instruments.get(instrument) or self.archive.instruments.get(instrument)

    def tradable(self, market: str, event: str, series: str) -> bool:
        """In the scope in force, and in what this start was told to keep to."""
        return (
            self.seal is not None
            and in_scope(self.seal.constitution, market, event, series)
            and (self.narrowed is None or in_scope(self.narrowed, market, event, series))
        )

    def held(self, instrument: str) -> int:
        position = self.positions.get(instrument)
        return position.qty if position else 0

    def reserved(self) -> int:
        """Money that opening orders may still take."""
        total = 0
        for order in self.orders.values():
            total += order_reserve(order, future=type(self.find_instrument(order.order.instrument)) is Future)
        return total

    def digest(self) -> str:
        """SHA-256 of the canonical bytes of everything durable."""
        parts = {name: getattr(self, name) for name in DIGESTED}
        parts["archive"] = self.archive.chain.hex()
        return sha256(_encode(parts)).hexdigest()


DIGESTED = tuple(sorted(set(State.__slots__) - {"archive"}))
_encode = msgspec.json.Encoder(order="deterministic").encode


def order_reserve(order: OrderState, *, future: bool = False) -> int:
    """What this order may still cost in cash: nothing when it only gives back what we hold. A future is not paid for,
    but what it may lose must be there."""
    if order.intent.action != "open":
        return 0
    open_qty = order.open_qty
    if not open_qty:
        return 0
    if future:
        return share_up(open_qty, order.order.qty, order.intent.worst_loss)
    price = order.order.price if order.order.side == "buy" else MICRO - order.order.price
    return mul_up(price, open_qty) + order.open_fee
