"""Where the pages' knowledge comes from and how good it is: the state of the file that is being followed.

Whatever becomes of the file is told as one of these, never as a traceback: each with what was found, why that matters
and what to do.
"""

from typing import Final, Literal

import msgspec

from assent.ledger.errors import LedgerBusy, LedgerCorrupt, LedgerError, LedgerMissing

Standing = Literal["missing", "empty", "catching up", "following", "busy", "unreadable"]
Turn = Literal["replaced", "rewritten", "cut", "gone"]
TURNS_KEPT: Final = 20


class Turned(msgspec.Struct, frozen=True):
    """Something happened to the file that no desk does: told for as long as the console runs."""

    turn: Turn
    ts: int
    what: str


class Source(msgspec.Struct, frozen=True):
    """How the file stands. `shown_seq` is the last record in what is shown, `head_seq` the last one in the file."""

    standing: Standing
    path: str
    shown_seq: int = 0
    head_seq: int = 0
    what: str = ""
    why: str = ""
    todo: str = ""
    turned: tuple[Turned, ...] = ()

    @property
    def whole(self) -> bool:
        """What is shown is all that there is."""
        return self.standing == "following"


class Trouble(msgspec.Struct, frozen=True):
    """Why there is no answer now: what was found, why that matters, what to do."""

    standing: Standing
    what: str
    why: str
    todo: str


def trouble(error: LedgerError | OSError) -> Trouble:
    """What stands in the way of reading, in the words of the error."""
    standing: Standing = "unreadable"
    if isinstance(error, OSError):
        return Trouble(
            standing,
            f"The ledger cannot be looked at: {error}",
            "What is shown is what was read of it before",
            "See that its folder is there and may be read by the user of this process",
        )
    if isinstance(error, LedgerMissing):
        standing = "missing"
    elif isinstance(error, LedgerBusy):
        standing = "busy"
    return Trouble(standing, error.what, error.why, error.todo)


def not_folding(seq: int, error: Exception) -> LedgerCorrupt:
    """A record that does not follow from those before it."""
    return LedgerCorrupt(seq, f"it does not follow from the records before it: {error}")


def broken(error: Exception) -> Trouble:
    """Something in a record, or in this program, is not as it must be."""
    return Trouble(
        "unreadable",
        f"The ledger could not be shown: {type(error).__name__}: {error}",
        "What is shown must follow from the records, and here it does not",
        "Run `assent ledger verify`; if it finds nothing, this is a fault of the console: please report it",
    )
