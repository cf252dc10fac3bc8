"""What can go wrong with a ledger, grouped by what happens next. Each message: what, why, what to do.

Only `EntryRefused` leaves a store usable: nothing was written and the caller has a bug. After any other error a
writer has stopped, because going on would put our state ahead of the disk. Never catch these to carry on.
"""

from collections.abc import Sequence
from typing import ClassVar

from assent.model.errors import AssentError


class LedgerError(AssentError):
    """The root. `what` happened, `why` we refuse, what `todo`; `code` is stable."""

    code: ClassVar[str] = "ledger_error"

    def __init__(self, what: str, *, why: str, todo: str) -> None:
        self.what = what
        self.why = why
        self.todo = todo
        super().__init__(f"{what}. {why}. {todo}.")


class LedgerCorrupt(LedgerError):
    """The bytes are not what was acknowledged. `seq` is the first record that is wrong or missing, if known."""

    code = "ledger_corrupt"

    def __init__(self, seq: int | None, what: str, *, path: str = "") -> None:
        self.seq = seq
        place = "the ledger as a whole" if seq is None else f"the first bad record is seq {seq}"
        super().__init__(
            f"{path or 'The ledger'} is damaged or was changed: {place}: {what}",
            why="State is a fold of the ledger, so nothing may be decided on records that do not hold",
            todo="Keep the file as evidence, restore a copy that verifies, and reconcile before trading",
        )


class LedgerNotJudged(LedgerError):
    """Its chain holds, but this program cannot prove what follows from it, and by its own records another version wrote
    it. No verdict, neither whole nor changed: of a ledger that was changed the same might be seen."""

    code = "ledger_not_judged"

    def __init__(self, seq: int, *, wrote: str, here: str) -> None:
        self.seq = seq
        super().__init__(
            f"Nobody can tell here whether this ledger is whole: record {seq} cannot be proven by this version, {here},"
            f" and by the records before it version {wrote} was at work",
            why="Two versions may make different states of the same records; so does whoever changes them, and only the"
            " version that wrote them can tell which it was",
            todo="Let that version look (assent ledger verify) and go on with it; to change over, end there with"
            " nothing open, keep the file with its anchors, and begin a new ledger with this one",
        )


class LedgerBusy(LedgerError):
    """Another process writes, or keeps the file locked for longer than we wait."""

    code = "ledger_busy"

    def __init__(self, path: str, held_by: str) -> None:
        self.path = path
        self.held_by = held_by
        super().__init__(
            f"{held_by} holds the ledger {path}",
            why="A ledger has one writer; two would decide on half the truth each",
            todo="Ask that process (assent status, assent halt), or wait until it has ended, then start again",
        )


class LedgerUnwritable(LedgerError):
    """The disk, the directory or the handle does not take records: full, read-only, an I/O error, closed."""

    code = "ledger_unwritable"

    def __init__(
        self,
        what: str,
        *,
        why: str = "No effect may happen without a durable record, so nothing more is written here",
        todo: str = "Free space or mend the disk or its permissions, then start again: start-up is recovery",
    ) -> None:
        super().__init__(what, why=why, todo=todo)


class LedgerMissing(LedgerError):
    """There is no ledger where one was expected. Never answered by making an empty one unasked."""

    code = "ledger_missing"

    def __init__(self, path: str, *, remains: Sequence[str] = ()) -> None:
        self.path = path
        self.remains = tuple(remains)
        left = f", though {', '.join(remains)} lies there: it had one" if remains else ""
        super().__init__(
            f"There is no ledger at {path}{left}",
            why="An empty one in its place would forget every order, fill and halt",
            todo="Correct the path or restore the file from a backup"
            + ("; to begin anew, move what is left of the old one away first" if remains else ""),
        )


class LedgerMismatch(LedgerError):
    """A ledger, or some other file, that is not the one asked for. Never opened, with any flag."""

    code = "ledger_mismatch"

    def __init__(self, field: str, expected: object, found: object) -> None:
        self.field = field
        self.expected = expected
        self.found = found
        super().__init__(
            f"The ledger's {field} is {found!r}, expected {expected!r}",
            why="A ledger belongs to one mode, venue, environment, account and format, sealed in its first record",
            todo="Put the sealed value back, or open the ledger that belongs to this desk; a new desk begins its own",
        )


class EntryRefused(LedgerError):
    """A batch broke the rules of the chain. Nothing of it was written; what was acknowledged stays."""

    code = "ledger_entry_refused"

    def __init__(self, field: str, found: object, allowed: str) -> None:
        self.field = field
        self.found = found
        self.allowed = allowed
        shown = repr(found)
        super().__init__(
            f"An entry's {field} is {shown if len(shown) <= 120 else shown[:117] + '...'}",
            why=f"Allowed is {allowed}",
            todo="Mend the caller: the batch was refused whole and the store goes on",
        )
