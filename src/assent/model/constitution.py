"""The owner's limits as one table. The loader, the gate, the documentation and `doctor` all read this table.

Every entry says which direction is tighter. The values are sealed with their digest into the ledger's first record.
"""

import hashlib
from typing import Literal, NamedTuple

import msgspec

from assent.model.units import HOUR, MICRO, SECOND

Direction = Literal["lower", "higher", "fewer"]
Kind = Literal["money", "price", "count", "duration", "names"]


class Constitution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The values in force. Names and meanings: `LIMITS`."""

    markets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    edge_min: int = 20_000
    risk_per_trade_max: int = 10 * MICRO
    open_positions_max: int = 5
    total_exposure_max: int = 50 * MICRO
    quote_proof_age_max: int = 10 * SECOND
    unprotected_contracts_max: int = 0

    def digest(self) -> str:
        """SHA-256 of the canonical bytes: what the ledger seals."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class Limit(NamedTuple):
    """One line of the constitution. `least` and `most` bound what a file may say."""

    key: str
    kind: Kind
    tighter: Direction
    least: int
    most: int
    example: str
    sentence: str


LIMITS: tuple[Limit, ...] = (
    Limit("markets", "names", "fewer", 0, 1_000, '["KXHIGHSIM-26JAN05-B48.5"]', "Markets that may be traded."),
    Limit("events", "names", "fewer", 0, 1_000, '["KXHIGHSIM-26JAN05"]', "Events whose markets may be traded."),
    Limit("series", "names", "fewer", 0, 1_000, '["KXHIGHSIM"]', "Series whose markets may be traded."),
    Limit(
        "edge_min", "price", "higher", 0, MICRO, '"0.02"',
        "Least expected gain per contract, after fees, that an opening order must promise.",
    ),
    Limit(
        "risk_per_trade_max", "money", "lower", 0, 1_000_000 * MICRO, '"10.00"',
        "Most that one trade may lose, fees included. Sizes are cut to fit it.",
    ),
    Limit(
        "open_positions_max", "count", "lower", 0, 10_000, "5",
        "Most instruments with a position, or an opening order on its way, at one time.",
    ),
    Limit(
        "total_exposure_max", "money", "lower", 0, 10_000_000 * MICRO, '"50.00"',
        "Most that everything held and everything on its way may lose together.",
    ),
    Limit(
        "quote_proof_age_max", "duration", "lower", SECOND // 10, HOUR, '"10s"',
        "Oldest proof of a quote on which a decision may rest.",
    ),
    Limit(
        "unprotected_contracts_max", "count", "lower", 0, 1_000, "0",
        "Most contracts of one future that may be held without a protective stop. Nothing bounds what they may lose, "
        "so this count stands in place of the cap per trade; 0 allows none.",
    ),
)  # fmt: skip


def in_scope(constitution: Constitution, market: str, event: str, series: str) -> bool:
    """An empty scope allows nothing."""
    return market in constitution.markets or event in constitution.events or series in constitution.series
