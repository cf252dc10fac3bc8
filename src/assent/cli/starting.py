"""From the words of a command line to a desk that may start, or to everything that is missing for it.

Nothing reaches an exchange unless the file says `dry_run = false`, the command says live, and a person has confirmed
the account: on a terminal by its last characters, elsewhere by --confirm-live. Who asks nobody is never kept waiting.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import click

from assent.app.obstacles import TAIL_CHARS, Obstacle, confirmation, obstacles
from assent.cli.exits import CommandError
from assent.cli.options import say
from assent.cli.words import line, money
from assent.config import ConfigError, Settings, load
from assent.config.narrowing import narrowed

WHAT_IT_TRADES = {
    "box": "an exchange in the box on this machine: no money",
    "demo": "the venue's own exchange for trying: no money",
    "production": "REAL MONEY",
}


class Asked(NamedTuple):
    """What a command line says of a start besides the file."""

    folder: Path
    overrides: Mapping[str, object]
    scope: Mapping[str, Sequence[str]]
    ledger: Path | None
    confirmed: str | None
    # Whether there is somebody to ask.
    attended: bool


def settings_to_start(asked: Asked) -> Settings:
    """The settings of a start that lacks nothing; everything that is missing, at once, otherwise."""
    try:
        settings = load(asked.folder, overrides=asked.overrides, environment=os.environ)
    except ConfigError as error:
        if error.read is None:
            raise
        found = _missing(error.read, asked)
        if not found:
            raise
        raise _refused(error.read, found, before=str(error)) from error
    found = _missing(settings, asked)
    if found:
        raise _refused(settings, found)
    settings = narrowed(settings, asked.scope)
    return replace(settings, ledger_override=asked.ledger.absolute()) if asked.ledger else settings


def confirm(settings: Settings, asked: Asked) -> None:
    """Show what is about to be let loose, and have its account confirmed; only where somebody can be asked."""
    if not settings.sends or not asked.attended or asked.confirmed is not None:
        return
    say(banner_lines(settings))
    typed = click.prompt(f"The last {TAIL_CHARS} characters of the account, to go on", default="", show_default=False)
    if typed.strip() != settings.account[-TAIL_CHARS:]:
        raise CommandError(
            "confirm_differs",
            f"What was typed are not the last {TAIL_CHARS} characters of the account",
            why="A live start is confirmed by somebody who knows which account it trades, so nothing was started",
            todo="Start again, or look with `assent config show` which account this desk trades",
        )


def banner_lines(settings: Settings) -> list[str]:
    """What a person should know before orders are let out."""
    limits = settings.constitution
    scope = [f"{kind} {', '.join(names)}" for kind, names in scope_of(settings).items() if names]
    return [
        f"LIVE: orders will be sent to {settings.venue} {settings.environment}: {WHAT_IT_TRADES[settings.environment]}",
        f"  desk     {line(settings.name)}, strategies {', '.join(one.name for one in settings.strategies)}",
        f"  scope    {line('; '.join(scope))}",
        f"  at stake {money(limits.risk_per_trade_max)} in a trade, {money(limits.total_exposure_max)} together",
        f"  ledger   {line(str(settings.ledger_path))}",
    ]


def scope_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The names that this start keeps to: those it was narrowed to, else the scope's."""
    kept = settings.narrowed or settings.constitution
    return {"markets": kept.markets, "events": kept.events, "series": kept.series}


def _missing(settings: Settings, asked: Asked) -> list[Obstacle]:
    found = list(obstacles(settings, os.environ))
    if not asked.attended or asked.confirmed is not None:
        found += confirmation(settings, asked.confirmed)
    return found


def _refused(settings: Settings, found: Sequence[Obstacle], *, before: str = "") -> CommandError:
    said = "".join(f"\n  {one.name}: {line(one.found)}\n    -> {line(one.todo)}" for one in found)
    count = "1 thing is" if len(found) == 1 else f"{len(found)} things are"
    head = f"{before}\nBesides, for mode {settings.mode}" if before else f"Mode {settings.mode} cannot start"
    return CommandError(
        "start_refused",
        f"{head}: {count} missing:{said}\nNothing was started",
        why="A start that lacks something is refused as a whole, with all that it lacks",
        todo="Mend it and start again; docs/live.md says what each switch does",
    )
