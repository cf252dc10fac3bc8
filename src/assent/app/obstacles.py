"""What stands between a desk and its start in a mode that reaches an exchange: all of it at once, each with what to do.

`run` refuses with this list, and `ready` and `doctor` show it, so that nobody mends one thing only to be told the next.
"""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from assent.app.credentials import key_fault
from assent.config import Settings
from assent.config.capability import cannot_go_live

# What a person types to confirm a live start.
TAIL_CHARS = 4


class Obstacle(NamedTuple):
    """One thing that is missing; `name` is stable."""

    name: str
    found: str
    todo: str


def obstacles(settings: Settings, environment: Mapping[str, str] = os.environ) -> Iterator[Obstacle]:
    """Everything that the settings, the key and the venue's adapter lack for this mode; nothing for the mode paper."""
    if settings.mode in ("dry-run", "live"):
        line = cannot_go_live(settings.venue, settings.environment)
        if line is not None:
            yield Obstacle("capability", line, "choose another mode, or another venue")
    if settings.mode == "live" and len(settings.account) < TAIL_CHARS:
        yield Obstacle(
            "account",
            f"[desk] account {settings.account!r} has fewer than {TAIL_CHARS} characters to confirm a start by",
            "give it its name at the venue, or a longer one of your own",
        )
    if settings.key is not None:
        fault = key_fault(settings, dict(environment))
        if fault is not None:
            yield Obstacle("key", str(fault), "see docs/live.md")


def confirmation(settings: Settings, confirmed: str | None) -> Iterator[Obstacle]:
    """What is missing of the word with which a person lets orders out, where nobody can be asked for it."""
    if settings.mode != "live":
        if confirmed is not None:
            yield from _not_live(settings)
        return
    if confirmed is None:
        yield Obstacle(
            "confirm",
            "nobody confirmed that orders may be sent, and there is no terminal to ask on",
            f"--confirm-live {settings.account}",
        )
    elif confirmed != settings.account:
        yield Obstacle(
            "confirm",
            f"--confirm-live names the account {confirmed!r}, and this desk trades {settings.account!r}",
            "name the account that you mean to trade, or choose the other desk",
        )


def _not_live(settings: Settings) -> Iterator[Obstacle]:
    if settings.mode == "dry-run" and settings.dry_run:
        yield Obstacle(
            "dry_run",
            "a live start was confirmed, and [desk] dry_run is true, so nothing would be sent",
            "write dry_run = false in the desk's file, or leave --confirm-live out",
        )
    else:
        yield Obstacle(
            "mode",
            f"a live start was confirmed, and the mode is {settings.mode}",
            "add --live, or leave --confirm-live out",
        )
