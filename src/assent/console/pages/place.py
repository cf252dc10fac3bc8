"""Which desk a page is about, so that nobody can take one mode for another: in words, in colour and in shape.

The tone goes by what can happen to money: real money, a practice account, bytes that never leave, nothing at all.
"""

from typing import Final, NamedTuple

from assent.console.reading.snapshot import Snapshot

PRODUCTION: Final = "production"


class Place(NamedTuple):
    """The band over every page. `short` stands in the title of the window as well."""

    tone: str
    short: str
    words: str
    account: str
    level: str
    waiting: int
    halts: int


class Tone(NamedTuple):
    """How a mode looks, and what it means for money."""

    name: str
    words: str


MODES: Final = {
    "paper": Tone("paper", "simulated fills, no order leaves"),
    "observe": Tone("observe", "everything but orders: none can exist"),
    "dry-run": Tone("dry", "orders are built and signed, and not sent"),
}
REAL: Final = Tone("real", "real money: orders are sent")
PRACTICE: Final = Tone("practice", "orders are sent, to a practice account")
NOWHERE: Final = Tone("none", "no desk has written here yet")


def place_of(snapshot: Snapshot) -> Place:
    """From the seal of the ledger, never from a setting."""
    overview = snapshot.overview
    deployment = overview.deployment
    tone = tone_of(deployment.mode, deployment.environment)
    where = f"{deployment.mode} {deployment.environment}".upper() if deployment.mode else "NO DESK"
    account = " ".join(text for text in (deployment.venue, deployment.account) if text)
    return Place(
        tone.name, where, tone.words, account, overview.level, overview.asked, len(overview.halts)
    )  # fmt: skip


def tone_of(mode: str, environment: str) -> Tone:
    """Whatever is not known to be harmless looks like real money."""
    if not mode:
        return NOWHERE
    if mode == "live":
        return REAL if environment == PRODUCTION else PRACTICE
    return MODES.get(mode, REAL)
