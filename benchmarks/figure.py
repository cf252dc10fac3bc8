"""A measured figure beside the one that was wanted."""

from typing import NamedTuple


class Figure(NamedTuple):
    """What was measured, against what was wanted. `better` says which way is good.

    `by_cpu` is the same rate with the time that the processor gave us in place of the wall's, where that tells more.
    """

    name: str
    value: float
    unit: str
    goal: float
    better: str
    note: str = ""
    by_cpu: float = 0.0

    @property
    def ratio(self) -> float:
        """1.0 is the goal; more is better, whichever way the figure runs."""
        if not self.value or not self.goal:
            return 0.0
        return self.value / self.goal if self.better == "more" else self.goal / self.value
