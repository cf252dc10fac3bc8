"""What may be lost in a day, a week and a month, and how much of that is left: for whoever weighs an idea by it."""

from typing import Literal

import msgspec

from assent.desk import worth
from assent.desk.state import State
from assent.model.constitution import MONEY_MOST

Period = Literal["day", "week", "month"]


class LossBudget(msgspec.Struct, frozen=True, kw_only=True):
    """What may be lost in one day, week or month, and what is lost already. `most` is None where nothing limits it."""

    period: Period
    lost: int
    baseline: int
    most: int | None
    left: int | None


def loss_budgets(state: State, now: int) -> tuple[LossBudget, ...]:
    """For each period; none before the account was first valued."""
    if state.seal is None:
        return ()
    found = []
    for period, _, amount_key, part_key in worth.LOSSES:
        loss = worth.loss_of(state, period, now)
        if loss is not None:
            most = worth.most_lost(state.seal.constitution, amount_key, part_key, loss.baseline)
            lost, bounded = max(0, loss.amount), most < MONEY_MOST
            found.append(
                LossBudget(
                    period=period,  # type: ignore[arg-type]  # the names in the table of periods
                    lost=lost, baseline=loss.baseline, most=most if bounded else None,
                    left=max(0, most - lost) if bounded else None,
                )
            )  # fmt: skip
    return tuple(found)


def day_budget(state: State, now: int) -> LossBudget | None:
    """Today's; None where nothing bounds a day's loss."""
    return next((one for one in loss_budgets(state, now) if one.period == "day" and one.most is not None), None)
