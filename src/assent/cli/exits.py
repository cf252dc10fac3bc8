"""How a command ends: the exit codes, and the error that carries one.

The codes are public: a script may rely on them, so they may be added to and never change their meaning.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from assent.model.errors import AssentError


class Exit(IntEnum):
    """0 is the only good one."""

    OK = 0
    FOUND = 1
    USAGE = 2
    REFUSED = 3
    UNKNOWN = 4
    HALTED = 5
    NOT_RUNNING = 6
    BUG = 70
    INTERRUPTED = 130


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.OK: "done",
    Exit.FOUND: "the check found something (ledger verify, doctor, ready, constitution check, reconcile show)",
    Exit.USAGE: "wrong usage or configuration, or surroundings that do not allow it",
    Exit.REFUSED: "refused by a rule",
    Exit.UNKNOWN: "asked for, and the outcome is not known",
    Exit.HALTED: "halted, or locked by another process",
    Exit.NOT_RUNNING: "the desk is not running",
    Exit.BUG: "a fault of our own",
    Exit.INTERRUPTED: "interrupted at the keyboard",
}

# The errors of other rooms, by their stable codes; what is not listed is usage or surroundings.
EXIT_OF_ERROR: Final[Mapping[str, Exit]] = {
    "ledger_busy": Exit.HALTED,
    "ledger_corrupt": Exit.FOUND,
    "ledger_not_judged": Exit.FOUND,
    "scope_widened": Exit.REFUSED,
}


class ReaderGone(Exception):
    """Whoever read our output has closed it. (Click would end with 1, which means "found something" here.)"""


class CommandError(AssentError):
    """A command cannot do what it was asked to: what happened, why we refuse, what to do."""

    def __init__(self, code: str, what: str, *, why: str, todo: str, exit_code: Exit = Exit.USAGE) -> None:
        self.code = code
        self.exit_code = exit_code
        super().__init__(" ".join(_sentence(part) for part in (what, why, todo)))


def _sentence(text: str) -> str:
    """With its stop, and with one only: what others said may come with theirs."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def exit_of(error: AssentError) -> Exit:
    """The code with which a command ends after this error."""
    if isinstance(error, CommandError):
        return error.exit_code
    return EXIT_OF_ERROR.get(code_of(error), Exit.USAGE)


def code_of(error: AssentError) -> str:
    """The error's stable code."""
    code = getattr(error, "code", "")
    return code if isinstance(code, str) and code else "refused_to_start"
