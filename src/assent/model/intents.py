"""A strategy's proposal, the desk's intent made from it, and the check that each rule leaves on it.

A proposal is untrusted: it comes from code that its owner wrote last night. It is judged field by field before the
desk computes with it, since constructing a Struct checks nothing.
"""

from typing import Literal, get_args

import msgspec

from assent.model.exits import Exits, exits_fault
from assent.model.orders import OrderType, Side, TimeInForce
from assent.model.text import shown
from assent.model.units import is_value

# close and cancel reduce what is at stake; claim collects what is ours; open is the only one that adds risk.
Action = Literal["open", "close", "cancel", "claim"]

TEXT_MAX = 200
SCORES_MAX = 16


class Score(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A named quality score in parts per million, such as `dvs`, `eqs` or `confidence`."""

    name: str
    ppm: int


class Proposal(msgspec.Struct, frozen=True, gc=False):
    """What a strategy may ask for. It names neither a size nor an account: `qty_max` only asks for less.

    `hold`: its own gates say no; the idea is recorded as refused, with its scores, and nothing is sent.
    """

    instrument: str
    action: Action = "open"
    side: Side = "buy"
    price: int = 0
    fair: int | None = None
    qty_max: int | None = None
    type: OrderType = "limit"
    time_in_force: TimeInForce = "ioc"
    stop_price: int | None = None
    post_only: bool = False
    life_ns: int | None = None
    order_id: str | None = None
    parent: str | None = None
    oca_group: str | None = None
    protective: bool = False
    exits: Exits | None = None
    scores: tuple[Score, ...] = ()
    hold: bool = False
    reason: str = ""


class Check(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One rule's verdict with what it measured and the limit it measured against. Units stand with the rule."""

    rule: str
    ok: bool
    measured: int | None = None
    limit: int | None = None


class QuoteTaken(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The quote that a decision was based on. `proven_ts` is when it was last known to be still true."""

    bid: int | None
    bid_qty: int | None
    ask: int | None
    ask_qty: int | None
    source_ts: int
    received_ts: int
    proven_ts: int


class Intent(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A sized proposal with a name, and the numbers that it is judged by. `fee` is the most that it can cost."""

    intent_id: str
    code: str
    strategy: str
    decision: int
    action: Action
    instrument: str
    side: Side
    type: OrderType
    price: int
    qty: int
    time_in_force: TimeInForce
    fee: int
    worst_loss: int
    fair: int | None = None
    edge: int | None = None
    stop_price: int | None = None
    post_only: bool = False
    expires_ts: int | None = None
    order_id: str | None = None
    parent: str | None = None
    oca_group: str | None = None
    protective: bool = False
    exits: Exits | None = None
    scores: tuple[Score, ...] = ()
    reason: str = ""


_ACTIONS = frozenset(get_args(Action))
_SIDES = frozenset(get_args(Side))
_TYPES = frozenset(get_args(OrderType))
_TIMES_IN_FORCE = frozenset(get_args(TimeInForce))


def proposal_fault(proposal: object) -> str | None:
    """Why this is not a proposal, or None. Floats, bools for numbers, NaN and look-alikes are all faults."""
    if type(proposal) is not Proposal:
        return f"a strategy proposed {type(proposal).__name__}, not a Proposal"
    choices: tuple[tuple[str, object, frozenset[str]], ...] = (
        ("action", proposal.action, _ACTIONS),
        ("side", proposal.side, _SIDES),
        ("type", proposal.type, _TYPES),
        ("time_in_force", proposal.time_in_force, _TIMES_IN_FORCE),
    )
    for name, value, allowed in choices:
        if type(value) is not str or value not in allowed:
            return f"{name} is {_pictured(value)}; allowed: {', '.join(sorted(allowed))}"
    if not is_value(proposal.price):
        return f"price is {_pictured(proposal.price)}, not whole micros"
    for name, number in (
        ("fair", proposal.fair),
        ("qty_max", proposal.qty_max),
        ("stop_price", proposal.stop_price),
        ("life_ns", proposal.life_ns),
    ):
        if number is not None and not is_value(number):
            return f"{name} is {_pictured(number)}, not whole micros"
    if proposal.exits is not None:
        fault = exits_fault(proposal.exits)
        if fault:
            return fault
    return _text_fault(proposal)


def _text_fault(proposal: Proposal) -> str | None:
    for name, text in (("instrument", proposal.instrument), ("reason", proposal.reason)):
        if not is_text(text):
            return f"{name} is {_pictured(text)}, not printable text of at most {TEXT_MAX} characters"
    for name, tie in (("order_id", proposal.order_id), ("parent", proposal.parent), ("oca_group", proposal.oca_group)):
        if tie is not None and not is_text(tie):
            return f"{name} is {_pictured(tie)}, not printable text"
    flags: tuple[tuple[str, object], ...] = (
        ("post_only", proposal.post_only),
        ("protective", proposal.protective),
        ("hold", proposal.hold),
    )
    for name, flag in flags:
        if type(flag) is not bool:
            return f"{name} is {_pictured(flag)}, not true or false"
    return scores_fault(proposal.scores)


def scores_fault(scores: object) -> str | None:
    """Why these are not named scores, or None."""
    if type(scores) is not tuple or len(scores) > SCORES_MAX:
        return f"scores must be a tuple of at most {SCORES_MAX}"
    for score in scores:
        if type(score) is not Score or not is_text(score.name) or not is_value(score.ppm):
            return f"score {_pictured(score)} is not a name with parts per million"
    return None


def is_text(value: object) -> bool:
    """Printable text of a bounded length."""
    return type(value) is str and len(value) <= TEXT_MAX and value.isprintable()


def _pictured(value: object) -> str:
    return shown(value, 60)
