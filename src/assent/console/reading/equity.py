"""What the account was worth over time, in at most a few hundred points whatever the ledger's length.

When there are too many, two neighbours become one that keeps the lower low, the higher high and the deeper fall, so
that a chart of the thinned line still shows the worst moment.
"""

from typing import Final

import msgspec

POINTS_MAX: Final = 500


class Point(msgspec.Struct, frozen=True):
    """The last worth in a stretch of time, with its extremes and the deepest fall from the peak in it."""

    ts: int
    equity: int
    low: int
    high: int
    drawdown: int


class EquityLine:
    """Grows with the ledger and stays small."""

    def __init__(self) -> None:
        self._points: list[Point] = []

    def add(self, ts: int, equity: int, drawdown: int) -> None:
        points = self._points
        points.append(Point(ts, equity, equity, equity, drawdown))
        if len(points) > POINTS_MAX:
            # The newest stays alone, so that it is the worth of now.
            older, newest = points[:-1], points[-1]
            self._points = [_joined(older[at : at + 2]) for at in range(0, len(older), 2)] + [newest]

    def points(self) -> tuple[Point, ...]:
        return tuple(self._points)


def _joined(pair: list[Point]) -> Point:
    first, last = pair[0], pair[-1]
    return Point(
        last.ts,
        last.equity,
        min(first.low, last.low),
        max(first.high, last.high),
        max(first.drawdown, last.drawdown),
    )
