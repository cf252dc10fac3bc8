"""A note on disk that a promise of our own code was broken, so that the next start does not trade on as if nothing was.

The process that finds it must stop at once and cannot trust its own state enough to write a fact. So it leaves this
note beside the ledger; the next start turns it into a halt that waits for a person. It promises that the note is never
the reason why something worse is hidden: where it cannot be written, the first error still stands.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from assent.model.errors import InvariantBroken
from assent.model.text import shown

FILE_NAME: Final = "invariant-broken.json"
_READ_MAX: Final = 4_096


def broken_promise(error: BaseException) -> InvariantBroken | None:
    """The broken promise in an error, or in a group of them."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := broken_promise(inner))), None)
    return error if isinstance(error, InvariantBroken) else None


def note(state_dir: Path, error: InvariantBroken, *, ts: int) -> None:
    """Written whole or not at all."""
    fresh = state_dir / (FILE_NAME + ".new")
    with suppress(OSError):
        with fresh.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"ts": ts, "what": shown(str(error), 200)}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(state_dir / FILE_NAME)


def noted(state_dir: Path) -> str | None:
    """What was broken, or None. A note that cannot be read was still left there for a reason."""
    try:
        with (state_dir / FILE_NAME).open("rb") as file:
            what = json.loads(file.read(_READ_MAX))["what"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        what = "a note was left that cannot be read"
    return shown(what)


def forget(state_dir: Path) -> None:
    """Its halt is in the ledger: from there it waits for a person by itself."""
    (state_dir / FILE_NAME).unlink(missing_ok=True)
