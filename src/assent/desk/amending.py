"""Other limits: what a start may bring into force, what a named person may, and what becomes of orders that rest.

An entry that rests was released under the limits of its time. Once a limit has been tightened every resting entry is
cancelled, whether it breaks the new limits or not: its release was judged against limits that are no more, and a
strategy that still wants it proposes it again and is judged by those in force.
"""

from assent.desk import charter
from assent.desk.context import Context
from assent.desk.orders import may_ask_cancel
from assent.model.change import LimitChange, changes_between, verdict_of
from assent.model.constitution import Constitution
from assent.model.errors import require
from assent.model.facts import AmendmentRefused, CancelReleased, ConstitutionChanged, How
from assent.model.inputs import AmendmentAsked, ConstitutionOffered
from assent.model.policy import policy_fault
from assent.model.text import shown

RESTING = frozenset(("working", "quarantined"))


def constitution_offered(desk: Context, inp: ConstitutionOffered) -> None:
    """A start's own file. The start has refused a looser one before; here it is refused once more."""
    changes = _changes(desk, inp.constitution)
    obstacle = charter.LOOSER if verdict_of(changes) == "looser" else None
    _bring_about(desk, inp.constitution, changes, obstacle, how="file at start", by="", reason="")


def amendment_asked(desk: Context, inp: AmendmentAsked) -> None:
    """A named person may loosen, too, once the books are known to agree."""
    changes = _changes(desk, inp.constitution)
    obstacle = charter.amendment_obstacle(
        desk.state, instead_of=inp.instead_of, by=inp.by, reason=inp.reason, matched=desk.compared_ts > 0
    )
    _bring_about(desk, inp.constitution, changes, obstacle, how="amendment", by=inp.by, reason=inp.reason)


def clear_outdated(desk: Context) -> None:
    """Ask for the cancel of entries from before the last tightening, again when one did not get through."""
    if not desk.state.tightened_seq:
        return
    for order in list(desk.state.orders.values()):
        resting = order.status in RESTING and charter.outdated(desk.state, order)
        if resting and may_ask_cancel(order, desk.now):
            desk.emit(
                CancelReleased(order_id=order.order.order_id, by="desk", why="limits were tightened after its release")
            )


def _changes(desk: Context, wanted: Constitution) -> tuple[LimitChange, ...]:
    seal = desk.state.seal
    require(seal is not None, "limits_before_the_seal", seq=desk.state.seq)
    return changes_between(seal.constitution, wanted)  # type: ignore[union-attr]


def _bring_about(
    desk: Context,
    wanted: Constitution,
    changes: tuple[LimitChange, ...],
    obstacle: str | None,
    *,
    how: How,
    by: str,
    reason: str,
) -> None:
    """The change as a fact, or the refusal; nothing when the limits say the same already."""
    seal = desk.state.seal
    if seal is None or not changes:
        return
    obstacle = obstacle or policy_fault(wanted)
    if obstacle:
        desk.emit(AmendmentRefused(digest=wanted.digest(), changes=changes, by=shown(by), why=obstacle))
        return
    desk.emit(
        ConstitutionChanged(
            old_digest=seal.constitution_digest,
            constitution=wanted,
            digest=wanted.digest(),
            changes=changes,
            how=how,
            by=shown(by),
            reason=shown(reason),
        )
    )
    clear_outdated(desk)
