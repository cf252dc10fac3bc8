"""One key at a time from a terminal, and the terminal given back as it was found.

Keys come without a line end and without being shown; a line that a person types is taken in the ordinary way. Works in
any terminal, over a remote shell, and needs no colours and no cursor to be moved.
"""

import os
import select
import sys
import termios
import tty
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

# What `wait` says when nobody is there any more.
GONE: Final = ""
DRAINED_MAX: Final = 1_000


class Keys:
    """A context in which single keys can be waited for."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._descriptor)

    def __enter__(self) -> Self:
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def wait(self, seconds: float) -> str | None:
        """The next key; None when none came in time, `GONE` when the terminal has gone."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return None
        try:
            return os.read(self._descriptor, 1).decode("ascii", "replace")
        except OSError:
            return GONE

    def drain(self) -> str:
        """What was typed and not taken yet, taken now."""
        typed = ""
        while (key := self.wait(0)) and len(typed) < DRAINED_MAX:
            typed += key
        return typed

    def line(self, question: str, *, hidden: bool = False) -> str:
        """A whole line, typed as usual; hidden, it is not shown. Blank when the person thought better of it."""
        import click

        self._give_back()
        try:
            return str(click.prompt(question, default="", show_default=False, hide_input=hidden)).strip()
        finally:
            tty.setcbreak(self._descriptor)

    def _give_back(self) -> None:
        with suppress(termios.error):  # the terminal has gone; there is nothing to give back
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
