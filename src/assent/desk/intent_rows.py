"""Every intent with the public name of where it stands: what the command line, the API and the pages list.

Pure: what was decided comes from its record, what became of it from the state. So a listing that is kept while records
come in and one that is made from the whole ledger say the same.
"""

from collections.abc import Iterable
from typing import Final, TypeGuard

import msgspec

from assent.desk.asked_rows import asked_status
from assent.desk.lots import Told
from assent.desk.state import State
from assent.desk.story import in_words
from assent.model.assents import ApprovalEnded, AssentDenied
from assent.model.facts import Fact, IntentProposed, IntentRefused, IntentSkipped, OrderNotSent, OrderReleased
from assent.model.intents import Action
from assent.model.orders import Side
from assent.model.would import WouldRelease

# Public names. FAILED: refused by the venue, or never sent; an unknown order is APPROVED and says `unknown`. In a dry
# run an order that came as far as the wire is EXECUTED_DRYRUN.
STATUSES: Final = (
    "PENDING", "APPROVED", "REJECTED", "EXPIRED", "EXECUTED", "EXECUTED_DRYRUN", "FAILED", "SUPERSEDED",
)  # fmt: skip


class IntentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One intent. `would`: in observe nothing is approved or expires, it would be. `order_id` is empty without one."""

    seq: int
    ts: int
    intent_id: str
    code: str
    status: str
    unknown: bool
    would: bool
    reason: str
    strategy: str
    type: Action
    side: Side
    words: str
    instrument: str
    price: int
    qty: int
    edge: int | None
    fee: int
    worst_loss: int
    expires_ts: int | None
    order_id: str


class Fate(msgspec.Struct, frozen=True):
    """What later records say of an intent: the order that was released for it, and why its last look came to
    nothing."""

    order_id: str = ""
    would: bool = False
    skipped: str = ""


NO_FATE: Final = Fate()
# Why an order was not sent that nothing but the dry run kept from it.
DRY_RUN: Final = "dry_run"
EXECUTED_DRYRUN: Final = "EXECUTED_DRYRUN"


def intent_rows(records: Iterable[Told], state: State) -> list[IntentRow]:
    """Every intent in the order of the ledger."""
    decided: list[tuple[int, int, IntentProposed | IntentRefused]] = []
    fates: dict[str, Fate] = {}
    dry: set[str] = set()
    for seq, ts, fact in records:
        if isinstance(fact, IntentProposed | IntentRefused):
            decided.append((seq, ts, fact))
        elif is_dry_run(fact):
            dry.add(fact.order_id)
        else:
            fated = fate_of(fact)
            if fated is not None:
                fates[fated[0]] = fated[1]
    rows = [intent_row(state, seq, ts, fact, fates.get(fact.intent.intent_id, NO_FATE)) for seq, ts, fact in decided]
    return [dry_run_ended(row) if row.order_id in dry else row for row in rows]


def is_dry_run(fact: Fact) -> TypeGuard[OrderNotSent]:
    """Whether this says that an order was built, signed and judged like any other, and then kept from the wire."""
    return isinstance(fact, OrderNotSent) and fact.reason == DRY_RUN


def dry_run_ended(row: IntentRow) -> IntentRow:
    """The row of an intent whose order the dry run has kept from the wire."""
    return msgspec.structs.replace(row, status=EXECUTED_DRYRUN) if row.status == "FAILED" else row


def fate_of(fact: object) -> tuple[str, Fate] | None:
    """The intent that this record decides upon, and how. The legs of a bracket are no intents of their own."""
    if isinstance(fact, OrderReleased | WouldRelease) and fact.order.parent is None:
        return fact.order.intent_id, Fate(fact.order.order_id, type(fact) is WouldRelease)
    if isinstance(fact, IntentSkipped):
        return fact.intent_id, Fate(skipped=fact.reason)
    if isinstance(fact, AssentDenied | ApprovalEnded):
        return fact.intent_id, NO_FATE  # it is over; how, the state knows
    return None


def intent_row(
    state: State, seq: int, ts: int, fact: IntentProposed | IntentRefused, fate: Fate = NO_FATE
) -> IntentRow:
    """What was decided, and where it stands now."""
    intent = fact.intent
    reason = fact.reason if isinstance(fact, IntentRefused) else fate.skipped
    row = IntentRow(
        seq=seq, ts=ts, intent_id=intent.intent_id, code=intent.code, status="PENDING", unknown=False,
        would=fate.would, reason=reason, strategy=intent.strategy, type=intent.action, side=intent.side,
        words=in_words(intent, state.find_instrument(intent.instrument)), instrument=intent.instrument,
        price=intent.price, qty=intent.qty, edge=intent.edge, fee=intent.fee, worst_loss=intent.worst_loss,
        expires_ts=intent.expires_ts, order_id=fate.order_id,
    )  # fmt: skip
    return standing_now(state, row)


def standing_now(state: State, row: IntentRow) -> IntentRow:
    """The row with the status that the intent has now; the very row where it has not changed."""
    status, unknown = _standing(state, row)
    if (status, unknown) == (row.status, row.unknown) or (row.status == EXECUTED_DRYRUN and status == "FAILED"):
        return row
    return msgspec.structs.replace(row, status=status, unknown=unknown)


def _standing(state: State, row: IntentRow) -> tuple[str, bool]:
    """The public name of where an intent stands, and whether its order's fate is unknown."""
    if row.reason:
        return "REJECTED", False
    by_people = None if row.order_id else asked_status(state, row.intent_id)
    if by_people is not None:
        return by_people, False
    if row.would:
        return ("APPROVED" if row.order_id in state.would else "EXPIRED"), False
    return status_of_order(state, row.order_id, cancels=row.type == "cancel")


def status_of_order(state: State, order_id: str, *, cancels: bool) -> tuple[str, bool]:
    """Where the intent stands whose order this is."""
    order = state.find_order(order_id)
    if order is None:
        return ("EXECUTED" if cancels else "PENDING"), False
    if order.status in ("released", "working", "closing", "unknown"):
        return "APPROVED", order.status == "unknown"
    if order.filled:
        return "EXECUTED", False
    if order.status == "closed":
        return ("SUPERSEDED" if order.superseded_by else "EXPIRED"), False
    return "FAILED", False
