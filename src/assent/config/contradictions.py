"""Limits that are right one by one and cannot be meant together.

Only what could never trade, or what would silently do nothing, is refused here; a limit that another one makes
redundant is its owner's business.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from assent.config.table import SETTINGS
from assent.config.values import Setting, written


class Contradiction(NamedTuple):
    """The key to look at first, its value as a file says it, and what a problem says besides."""

    key: str
    value: str
    why: str
    allowed: str
    example: str


_BY_KEY: Final[Mapping[str, Setting]] = {s.key: s for s in SETTINGS if s.section == "constitution"}
_AGAINST_FAVOURITES: Final = ("favourite_edge_min", "favourite_confidence_min")


def contradictions(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Every one among checked values, which are given by dotted name; a value that did not fit is None."""

    def off(key: str) -> bool:
        return bool(values[f"constitution.{key}"] == _BY_KEY[key].default)

    def said(key: str) -> str:
        return written(_BY_KEY[key], values[f"constitution.{key}"])

    def one(key: str, why: str, allowed: str, example: str) -> Contradiction:
        return Contradiction(f"constitution.{key}", said(key), why, allowed, example)

    if any(values.get(f"constitution.{key}") is None for key in _BY_KEY):
        return
    if values["constitution.price_min"] > values["constitution.price_max"]:
        yield one(
            "price_min", f"it is above price_max = {said('price_max')}, so nothing could ever be opened",
            "a price that is not above price_max", 'price_min = "0.05"\nprice_max = "0.95"',
        )  # fmt: skip
    for key in _AGAINST_FAVOURITES:
        if not off(key) and off("favourite_from"):
            yield one(
                key, 'favourite_from = "off" says that nothing is a heavy favourite, so this would do nothing',
                'a price for favourite_from, or "off" here', f'favourite_from = "0.90"\n{key} = {said(key)}',
            )  # fmt: skip
    if not off("favourite_from") and all(off(key) for key in _AGAINST_FAVOURITES):
        yield one(
            "favourite_from", "neither favourite_edge_min nor favourite_confidence_min is said: this would do nothing",
            'a value for one of them, or "off" here',
            f'favourite_from = {said("favourite_from")}\nfavourite_edge_min = "0.05"',
        )  # fmt: skip
