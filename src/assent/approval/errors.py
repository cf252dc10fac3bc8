"""What can go wrong with the file of credentials, grouped by what happens next. Each message: what, why, what to do.

A wrong credential is no error but a `Refusal`: it is expected. These say that the surroundings are broken, or that
somebody asked for what cannot be. None of them ever quotes a secret. Whoever meets one refuses what was asked for.
"""

from typing import ClassVar

from assent.model.errors import AssentError


class AccessError(AssentError):
    """The root. `what` happened, `why` we refuse, what `todo`; `code` is stable."""

    code: ClassVar[str] = "access_error"

    def __init__(self, what: str, *, why: str, todo: str) -> None:
        self.what = what
        self.why = why
        self.todo = todo
        super().__init__(f"{what}. {why}. {todo}.")


class AccessPlaceRefused(AccessError):
    """Somebody else may read or change the file, or could put another in its place."""

    code = "access_place"


class AccessForeign(AccessError):
    """The file is not one of ours, or of a format that this build does not know. Never written to."""

    code = "access_foreign"

    def __init__(self, path: str, found: str) -> None:
        super().__init__(
            f"{path} is no file of credentials: {found}",
            why="Writing into a file of another kind would destroy it, and reading it could let anybody in",
            todo="Correct the path, or move that file away: a new one begins empty, and every credential is made anew",
        )


class AccessDamaged(AccessError):
    """The bytes are not what was written. Nobody is let in on what they say."""

    code = "access_damaged"

    def __init__(self, path: str, found: str) -> None:
        super().__init__(
            f"{path} is damaged: {found}",
            why="What it says about who may do what cannot be trusted, so nobody is let in on it",
            todo="Stop what uses it and move the file away: a new one begins empty. Issue the tokens and enrol the "
            "second factors anew; the terminal needs no token",
        )


class AccessReplaced(AccessError):
    """The file under the path is no longer the one that this process opened."""

    code = "access_replaced"

    def __init__(self, path: str, found: str) -> None:
        super().__init__(
            f"{path} is no longer the file that was opened: {found}",
            why="What is revoked in the one would still be taken from the other",
            todo="Restart what uses it",
        )


class AccessBusy(AccessError):
    """Another process keeps the file locked for longer than we wait. Nothing was decided: ask again."""

    code = "access_busy"

    def __init__(self, path: str, found: str) -> None:
        super().__init__(
            f"Another process keeps {path} locked ({found})",
            why="Whether a code was used already is known only to whoever may write",
            todo="Try again; if it stays so, find the process that holds the file",
        )


class AccessUnwritable(AccessError):
    """The disk, the folder or the handle does not take it: full, read-only, an I/O error, closed."""

    code = "access_unwritable"

    def __init__(self, what: str) -> None:
        super().__init__(
            what,
            why="A code that cannot be marked as used could be used twice, so nothing is accepted",
            todo="Free space, or mend the disk or its permissions, then try again",
        )


class AccessFull(AccessError):
    """There are as many of a thing as there may be."""

    code = "access_full"


class AccessAskedWrongly(AccessError):
    """A name, a scope or a length of time that cannot be; nothing was changed."""

    code = "access_asked_wrongly"
