"""`assent approve`: sit in front of a desk and answer its questions as they come, with one key each.

Shows one card at a time, counts its time down, and sends the terms of the card that is on the screen. It needs nothing
but a terminal: no colours, no cursor, and it goes on when the desk is started again.
"""

import errno
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.exits import CommandError, Exit, ReaderGone
from assent.cli.options import desk_options, say, settings_of
from assent.cli.words import time_left

if TYPE_CHECKING:
    from assent.cli.answering import Verdict
    from assent.cli.cards import Card
    from assent.cli.keys import Keys
    from assent.config import Settings

LOOK_EVERY_S: Final = 0.5
KEYS: Final = "[a]pprove  [r]eject  [s]kip  [q]uit"
# What a terminal says when nobody sits at it any more.
NOBODY: Final = (errno.EIO, errno.EPIPE, errno.EBADF)


class Quit(Exception):
    """The person, or the terminal, has gone."""


@click.command(name="approve", short_help="Answer what waits, card by card, with one key each.")
@desk_options
def command(folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Answer what waits, card by card, with one key each: a says yes, r says no with a reason, s leaves a card to
    others, q ends. Waits for the next card, and for a desk that is started again. Needs a terminal.
    """
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(
            "no_terminal",
            "There is nobody to show a card to",
            why="This command asks a person, key by key, so it needs a terminal to ask on",
            todo="A program lists with `assent intents list --json` and answers with `assent intents approve --terms`",
        )
    from assent.cli.keys import Keys

    sitting = Sitting(settings_of(folder, mode=mode))
    try:
        with Keys() as keys, suppress(Quit):
            sitting.go_on(keys)
        say("")
    except OSError as error:
        if error.errno not in NOBODY:
            raise
        raise ReaderGone from error
    return Exit.OK


class Sitting:
    """One person in front of one desk."""

    def __init__(self, settings: "Settings") -> None:
        from assent.cli.following import Following

        self._settings = settings
        self._following = Following(settings)
        self._answered: set[str] = set()
        self._said = ""

    def go_on(self, keys: "Keys") -> None:
        """Until the person quits."""
        while True:
            status = self._status()
            row = next((one for one in (status or {}).get("intents", ()) if one["code"] not in self._answered), None)
            if status is None:
                self._say_once("the desk does not run; waiting for it  (q quits)")
            elif row is None:
                self._say_once("nothing waits for you  (q quits)")
            else:
                self._said = ""
                self._one(keys, row["intent_id"], row["code"], status["now_ts"])
                continue
            self._wait(keys)

    def _one(self, keys: "Keys", intent_id: str, code: str, now: int) -> None:
        """One card, until it is answered, left, or over."""
        from assent.cli.cards import card_lines

        self._following.read_on()
        card = self._following.card(intent_id, now)
        if card is None:  # over between two looks
            self._wait(keys)
            return
        say(["", *card_lines(card, now)])
        if "q" in keys.drain():  # what was pressed before this card was on the screen was not meant for it
            raise Quit
        while True:
            row = self._row(code)
            if isinstance(row, str):
                self._end_line(f"{code} {row}")
                return
            self._count_down(code, row["expires_ts"] - row["now_ts"])
            key = self._wait(keys)
            if key == "a" and self._approve(keys, card):
                return
            if key == "r" and self._reject(keys, card):
                return
            if key == "s":
                self._answered.add(code)
                self._end_line(f"{code} is left to others")
                return

    def _row(self, code: str) -> dict[str, Any] | str:
        """How the question stands now, or in words why it cannot be answered here any more."""
        status = self._status()
        if status is None:
            return "cannot be answered now: the desk does not run"
        row = next((one for one in status["intents"] if one["code"] == code), None)
        if row is None:
            return f"is over: assent why {code}"
        return {**row, "now_ts": status["now_ts"]}

    def _approve(self, keys: "Keys", card: "Card") -> bool:
        factor = keys.line("\nSecond factor", hidden=True) if card.factor_needed else None
        if factor == "":
            return False
        return self._answer("approve", card, factor=factor)

    def _reject(self, keys: "Keys", card: "Card") -> bool:
        reason = keys.line("\nWhy not (blank goes back)")
        return bool(reason) and self._answer("reject", card, reason=reason)

    def _answer(self, verdict: "Verdict", card: "Card", *, reason: str = "", factor: str | None = None) -> bool:
        """Whether the card is done with: answered here, or refused for a reason that another key does not mend."""
        from assent.cli.answering import came_to, fault_of, request_of
        from assent.cli.words import line
        from assent.runtime.control import ask

        code = card.row.code
        request = request_of(verdict, code, terms=card.row.terms, reason=reason, factor=factor)
        answer = ask(self._settings.control_path, request)
        fault = fault_of(request, answer)
        if fault is None and answer is not None:
            self._end_line(line(came_to(verdict, code, answer)))
        elif fault is not None:
            self._end_line(line(f"{fault}"))
            if fault.code.startswith("second_factor"):
                return False
        self._answered.add(code)
        return True

    def _status(self) -> dict[str, Any] | None:
        """How the desk stands by its own word; None as long as it gives none."""
        from assent.runtime.control import ask

        answer = ask(self._settings.control_path, {"cmd": "status"})
        found = answer["status"] if answer is not None and answer.get("ok") else None
        return found if isinstance(found, dict) else None

    def _wait(self, keys: "Keys") -> str | None:
        from assent.cli.keys import GONE

        key = keys.wait(LOOK_EVERY_S)
        if key == GONE or (key is not None and key in "qQ\x04"):
            raise Quit
        return key.lower() if key else None

    def _count_down(self, code: str, left: int) -> None:
        text = f"{code}  {time_left(left)} left   {KEYS} "
        if text != self._said:
            click.echo("\r" + text.ljust(len(self._said)), nl=False)
            self._said = text

    def _say_once(self, text: str) -> None:
        if text != self._said:
            say(text)
            self._said = text

    def _end_line(self, text: str) -> None:
        """On a line of its own, below the one that is counted down."""
        say("\n" + text)
        self._said = ""
