"""The equity curve: a picture that the server draws, the same as data for the chart library, and the same in words.

Coordinates are whole numbers in a box of 1000 by 300: equity above, how far it lies below its peak underneath.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from assent.console.pages.showing import iso
from assent.console.reading.equity import Point
from assent.model.units import MICRO
from assent.model.words import money

WIDTH: Final = 1_000
EQUITY_TOP, EQUITY_BOTTOM = 10, 200
FALL_TOP, FALL_BOTTOM = 225, 290
# So many rows stand in the table beside the picture; the newest first.
TOLD_MAX: Final = 20


class Curve(NamedTuple):
    """Everything that the overview shows of it."""

    points: tuple[Point, ...]
    words: str
    equity_path: str
    fall_path: str
    told: tuple[Point, ...]
    first_ts: int
    last_ts: int


EMPTY: Final = Curve((), "No equity is known yet.", "", "", (), 0, 0)


def curve_of(points: tuple[Point, ...]) -> Curve:
    if not points:
        return EMPTY
    first, last = points[0], points[-1]
    across = _scaled([point.ts for point in points], 0, WIDTH)
    equity = _scaled([point.equity for point in points], EQUITY_BOTTOM, EQUITY_TOP)
    deepest = max(point.drawdown for point in points)
    falls = [
        FALL_TOP + (FALL_BOTTOM - FALL_TOP) * point.drawdown // deepest if deepest else FALL_TOP for point in points
    ]
    return Curve(
        points=points,
        words=_words(points, deepest),
        equity_path=_path(across, equity),
        fall_path=f"M{across[0]} {FALL_TOP}L{_path(across, falls)[1:]}L{across[-1]} {FALL_TOP}Z",
        told=tuple(reversed(points[-TOLD_MAX:])),
        first_ts=first.ts,
        last_ts=last.ts,
    )


def figure_of(points: Sequence[Point]) -> dict[str, Any]:
    """The same for plotly, without colours: these are the style sheet's, and the page fills them in. `meta` names
    which. Amounts become decimals here, at the very edge, since that is all that the library draws."""
    times = [iso(point.ts) for point in points]
    # A line through one or two points is none that one could see.
    common = {"type": "scatter", "mode": "lines" if len(points) > 2 else "lines+markers", "x": times, "xaxis": "x"}
    equity = {
        **common, "name": "Equity", "meta": "equity", "yaxis": "y", "y": [point.equity / MICRO for point in points],
        "line": {"width": 2, "shape": "hv"}, "hovertemplate": "%{y:$,.2f}<extra>Equity</extra>",
    }  # fmt: skip
    fall = {
        **common, "name": "Below the peak", "meta": "fall", "yaxis": "y2", "fill": "tozeroy",
        "y": [-point.drawdown / MICRO for point in points], "line": {"width": 1, "shape": "hv"},
        "hovertemplate": "%{y:$,.2f}<extra>Below the peak</extra>",
    }  # fmt: skip
    layout = {
        "margin": {"l": 64, "r": 12, "t": 8, "b": 36},
        "showlegend": False,
        "hovermode": "x unified",
        "dragmode": False,
        "xaxis": {"type": "date", "anchor": "y2", "fixedrange": True},
        "yaxis": {"domain": [0.36, 1], "tickformat": "$,.2f", "fixedrange": True, "nticks": 6},
        "yaxis2": {
            "domain": [0, 0.26], "tickformat": "$,.2f", "fixedrange": True, "nticks": 3,
            "rangemode": "tozero",
        },
    }  # fmt: skip
    return {"data": [equity, fall] if points else [], "layout": layout}


def _scaled(values: list[int], low: int, high: int) -> list[int]:
    """Each value between `low` and `high`; a flat line runs through the middle."""
    least, most = min(values), max(values)
    if least == most:
        return [(low + high) // 2] * len(values)
    return [low + (high - low) * (value - least) // (most - least) for value in values]


def _path(across: list[int], down: list[int]) -> str:
    """Steps: what the account was worth stands until it is valued again."""
    steps = [f"M{across[0]} {down[0]}"]
    steps += [f"H{x}V{y}" for x, y in zip(across[1:], down[1:], strict=True)]
    return "".join(steps) if len(steps) > 1 else f"{steps[0]}H{WIDTH}"


def _words(points: tuple[Point, ...], deepest: int) -> str:
    first, last = points[0], points[-1]
    low, high = min(point.low for point in points), max(point.high for point in points)
    return (
        f"Equity from {money(first.equity)} to {money(last.equity)}, between {money(low)} and {money(high)};"
        f" at most {money(deepest)} below its peak, now {money(last.drawdown)} below."
    )
