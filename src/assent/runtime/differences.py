"""Where the two books differ, as plain data, with what accepting the venue's would do to ours: for a person to judge.

Says what the desk itself worked out and decides nothing. Amounts are whole micros, times whole nanoseconds.
"""

from typing import Any

import msgspec

from assent.desk import adopting
from assent.desk.adoption import Plan
from assent.desk.desk import Desk
from assent.desk.state import State
from assent.model.books import PositionAdopted
from assent.model.text import shown

View = dict[str, Any]

UNITS = {"cash": "money", "position": "qty", "order here only": "flag", "order there only": "flag"}


def view_of(desk: Desk) -> View:
    """The last comparison of the books, as it stands now. `compared` is false where there was none to show."""
    plan, state = adopting.plan_of(desk), desk.state
    halts = [halt.cause for halt in state.halts.values() if halt.reset == "human"]
    if isinstance(plan, str):
        return {"compared": False, "why": plan, "differences": [], "fills": [], "accepting": None, "halts": halts}
    source = desk.books.source if desk.books else ""
    return {
        "compared": True,
        "why": "",
        "source": shown(source),
        "differences": _differences(state, plan),
        "fills": [msgspec.to_builtins(fill) for fill in plan.fills],
        "accepting": None if plan.empty else _accepting(desk, plan),
        "halts": halts,
    }


def _differences(state: State, plan: Plan) -> list[View]:
    rows = []
    for one in plan.differences:
        known = state.differing.get(shown(one.what))
        rows.append(
            {
                "what": shown(one.what), "kind": one.kind, "name": shown(one.name), "unit": UNITS[one.kind],
                "ours": one.ours, "theirs": one.theirs, "since_ts": known.since_ts if known else None,
            }
        )  # fmt: skip
    return rows


def _accepting(desk: Desk, plan: Plan) -> View:
    positions, moved = adopting.priced(desk, plan)
    costs = {one.instrument for one in desk.books.costs} if desk.books else set()
    return {
        "digest": plan.digest,
        "cash": plan.cash,
        "cash_becomes": plan.cash_theirs,
        "positions": [_position(one, told=one.instrument in costs) for one in positions],
        "orders": [msgspec.structs.asdict(order) for order in plan.orders],
        "closed": [shown(name) for name in plan.closed],
        "worth_more_by": moved,
        "obstacles": list(plan.obstacles),
    }


def _position(one: PositionAdopted, *, told: bool) -> View:
    return {
        "instrument": shown(one.instrument), "qty": one.held, "cost": one.spent, "qty_becomes": one.qty,
        "cost_becomes": one.cost, "cost_by": "the venue" if told else "the worst case", "would_bring": one.mark,
    }  # fmt: skip
