"""How a command has a person's act done: by the desk that runs, or on its ledger in its place; and how a no is told."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from assent.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from assent.config import Settings

Request = Mapping[str, Any]
NONE: Final[Mapping[str, str]] = {}


class Done(NamedTuple):
    """What came of it, and who wrote it down."""

    answer: dict[str, Any]
    via: str

    @property
    def told(self) -> dict[str, Any]:
        return {**self.answer, "via": self.via}


def have_done(
    settings: "Settings",
    request: Request,
    *,
    what: str,
    todo: str,
    needs_running: bool = False,
    remedies: Mapping[str, str] = NONE,
) -> Done:
    """Have it done and return the answer; a refusal ends the command with the rule's or the desk's own words.
    `remedies`: what to do about a refusal with this code, where that is more than `todo`."""
    from assent.runtime.control import ask

    answer, via = ask(settings.control_path, request), "the running desk"
    if answer is None and needs_running:
        raise CommandError(
            "not_running",
            f"The {what} needs a desk that runs, and none does",
            why="It rests on the prices of this moment, and only a running desk sends an order",
            todo="Start it with `assent run` and ask again; in a hurry use the venue's own page",
            exit_code=Exit.NOT_RUNNING,
        )
    if answer is None:
        from assent.app import act

        answer, via = act(settings, request), "its ledger: the desk does not run"
    if answer["ok"]:
        return Done(answer, via)
    error = str(answer.get("error", "no reason was given"))
    if answer.get("refused"):
        code = str(answer.get("code", f"{request['cmd']}_refused"))
        raise CommandError(
            code,
            f"The {what} was refused: {error}",
            why="The refusal is on the record, and nothing else was changed",
            todo=remedies.get(code, todo),
            exit_code=Exit.REFUSED,
        )
    raise CommandError(
        "outcome_unknown",
        f"The {what} was asked for, and {error}",
        why="It may have been done or not",
        todo="Look with `assent status` and `assent ledger show` before you ask again",
        exit_code=Exit.UNKNOWN,
    )
