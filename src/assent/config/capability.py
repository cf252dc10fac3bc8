"""What a venue's adapter must be able to do before money may go through it, and how much of that each can.

A table, so that `run`, `doctor` and `ready` say the same, and no setting enables a venue that is half built.
"""

from collections.abc import Mapping
from typing import Final

from assent.model.inputs import Environment

# Everything that live takes of a venue, with what is missing where it is not there.
NEEDED: Final[Mapping[str, str]] = {
    "signed_requests": "requests that prove whose they are",
    "submission": "an order sent once, with its outcome told by phase",
    "cancel": "an order taken off the book",
    "evidence": "what became of an order whose answer was lost",
    "quotes": "prices that are known to be the venue's own",
    "last_look": "one price asked for just before an order",
    "discovery": "the markets of the scope, as they open and close",
    "books": "fills, settlements, positions and cash, as the venue has them",
}
ABLE: Final[Mapping[str, frozenset[str]]] = {
    "kalshi": frozenset(NEEDED),
}


def missing(venue: str) -> tuple[str, ...]:
    """The capabilities that this venue's adapter lacks, in the order of the table."""
    return tuple(name for name in NEEDED if name not in ABLE[venue])


def cannot_go_live(venue: str, environment: Environment) -> str | None:
    """One line that says why, or None where nothing of the venue's stands in the way."""
    lacks = missing(venue)
    if lacks:
        return f"{venue} cannot go live: it lacks " + "; ".join(f"{name} ({NEEDED[name]})" for name in lacks)
    if environment == "sim":
        return f"{venue} cannot go live in environment sim: its markets and its money are simulated, in this process"
    return None
