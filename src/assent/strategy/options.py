"""The settings that a strategy has of its own, as one table: the loader checks a desk's file against it.

A strategy's module names its table `OPTIONS`. Values arrive checked, in the units of the core: millionths for prices,
money, quantities and parts of a whole, nanoseconds for durations.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

OptionKind = Literal["price", "money", "qty", "ppm", "count", "duration", "flag", "choice"]
Options = Mapping[str, int | str]


class Option(NamedTuple):
    """One setting of a strategy, as a file may give it."""

    key: str
    kind: OptionKind
    least: int
    most: int
    default: int | str
    example: str
    sentence: str
    choices: tuple[str, ...] = ()


def filled(table: Iterable[Option], options: Options) -> dict[str, int | str]:
    """A value for every option: the one that was given, or its default."""
    return {option.key: options.get(option.key, option.default) for option in table}
