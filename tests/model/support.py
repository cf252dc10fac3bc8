"""One market of each kind, and every sort of object that a hostile feed or a broken strategy may hand us."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from assent.model.grids import CENT_GRID, HUNDREDTHS, Band, PriceGrid, QtyGrid
from assent.model.instruments import BinaryContract, Future, PerContractFee, QuadraticFee
from assent.model.units import HOUR, MICRO, SECOND

CENT = 10_000
# 2026-01-05, 12:00 UTC.
T0 = 1_767_614_400 * SECOND
KALSHI_FEES = QuadraticFee(taker_ppm=70_000, maker_ppm=17_500)
FREE = PerContractFee(0)

LINEAR_CENT = CENT_GRID
DECI_CENT = PriceGrid((Band(1_000, 999_000, 1_000),))
TAPERED = PriceGrid((Band(0, 100_000, 1_000), Band(100_000, 900_000, 10_000), Band(900_000, MICRO, 1_000)))
HALF_CENT_EDGES = PriceGrid((Band(0, 100_000, 5_000), Band(100_000, 900_000, 10_000), Band(900_000, MICRO, 5_000)))
FIFTH_CENT_EDGES = PriceGrid((Band(0, 100_000, 2_000), Band(100_000, 900_000, 10_000), Band(900_000, MICRO, 2_000)))
CENTI_EDGES = PriceGrid((Band(0, 10_000, 100), Band(10_000, 990_000, 1_000), Band(990_000, MICRO, 100)))
VENUE_GRIDS = (LINEAR_CENT, DECI_CENT, TAPERED, HALF_CENT_EDGES, FIFTH_CENT_EDGES, CENTI_EDGES)


def a_market(name: str = "KXTEST-26JAN05-B47.5", **changes: Any) -> BinaryContract:
    values: dict[str, Any] = {
        "id": name,
        "venue": "sim",
        "event": "KXTEST-26JAN05",
        "series": "KXTEST",
        "title": "High temperature 47 to 48 degrees",
        "prices": LINEAR_CENT,
        "quantities": HUNDREDTHS,
        "fees": KALSHI_FEES,
        "close_ts": T0 + 12 * HOUR,
    }
    return BinaryContract(**(values | changes))


def a_future(name: str = "MESTEST", **changes: Any) -> Future:
    values: dict[str, Any] = {
        "id": name,
        "venue": "sim",
        "event": "MESTEST",
        "series": "MES",
        "title": "A small future on an index",
        "prices": PriceGrid((Band(0, 20_000 * MICRO, 250_000),)),
        "quantities": QtyGrid(MICRO, MICRO, 100 * MICRO),
        "fees": PerContractFee(620_000),
        "close_ts": T0 + 12 * HOUR,
        "multiplier": 5 * MICRO,
    }
    return Future(**(values | changes))


class BadRepr:
    def __repr__(self) -> str:
        raise ValueError("I do not show myself")


class BadEquality:
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("I am not compared")

    def __lt__(self, other: object) -> bool:
        raise ValueError("I am not compared")


class BadTruth:
    def __bool__(self) -> bool:
        raise ValueError("the truth value of this is ambiguous")

    def __len__(self) -> int:
        raise ValueError("I have no length")


class AlmostInt(int):
    """Looks like a number until somebody relies on it."""


class AlmostText(str):
    __slots__ = ()


def deep(levels: int = 100_000) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


DEEP = deep()
HOSTILE: tuple[Any, ...] = (
    float("nan"), float("inf"), -0.0, 0.5, 1.0, 500_000.0, True, False, "", "0.52", "1", "\x1b[31m", "\ud800", b"1",
    Decimal("0.5"), Decimal("NaN"), Fraction(1, 3), -1, 0, 1, 10**18, -(10**18), 10**30, 10**5_000, 1j,
    AlmostInt(500_000), AlmostText("buy"), [], (), {}, object, object(), BadRepr(), BadEquality(), BadTruth(), DEEP,
    "x" * 100_000, [1] * 1_000,
)  # fmt: skip

anything = st.one_of(
    st.sampled_from(HOSTILE),
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=0, max_value=1_000_000),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.decimals(),
    st.lists(st.integers(), max_size=2),
)
