"""`assent scope`: what may be traded, and one of its three lists changed in the desk's file.

The lists are limits of the constitution. Changing the file changes nothing that is in force: a start takes what narrows
the scope and refuses what widens it, and then a named person amends. So that is said with every change.
"""

import os
from pathlib import Path
from typing import Final

import click

from assent.cli.exits import CommandError
from assent.cli.options import Names, as_json_option, desk_options, say, say_json, settings_of
from assent.cli.words import line

KINDS: Final = (
    ("set-market-ids", "markets", "markets"),
    ("set-event-tickers", "events", "events"),
    ("set-series-tickers", "series", "series"),
)


@click.group(name="scope", short_help="The markets, events and series that may be traded.")
def command() -> None:
    """The markets, events and series that may be traded."""


@command.command(name="show", short_help="What is in force, and what the file says.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@desk_options
def show(desk: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """The scope in force of the desk in DIR, and where its file says another one."""
    from assent.cli.charter import in_force

    settings = settings_of(desk or folder, mode=mode)
    now = in_force(settings).constitution
    rows = [(kind, getattr(now, kind), getattr(settings.constitution, kind)) for _, kind, _ in KINDS]
    if as_json:
        say_json({"in_force": {kind: old for kind, old, _ in rows}, "file": {kind: new for kind, _, new in rows}})
        return
    for kind, old, new in rows:
        say(line(f"{kind:<8} {', '.join(old) or 'none'}"))
        if set(old) != set(new):
            say(line(f"{'':<8} the file says {', '.join(new) or 'none'}"))


def _setter(word: str, kind: str, what: str) -> click.Command:
    """The command that changes one list."""

    @command.command(name=word, short_help=f"Change the {what} in the file.", help=_HELP.format(what=what))
    @click.argument("names", type=Names(), metavar="NAMES", required=False)
    @click.option("--none", "none", is_flag=True, help="An empty list.")
    @click.option(
        "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
        help="The desk's folder.  [default: this one]",
    )  # fmt: skip
    @as_json_option
    def change(names: tuple[str, ...] | None, folder: Path, *, none: bool, as_json: bool) -> None:
        _change(kind, names, folder, none=none, as_json=as_json)

    return change


_HELP = """Change the list of {what} in the file of the desk: NAMES, with commas between them.

It changes what the file says, not what is in force: the next start takes a scope that is narrower, and refuses one that
is wider until a named person has amended it.
"""


def _change(kind: str, names: tuple[str, ...] | None, folder: Path, *, none: bool, as_json: bool) -> None:
    from assent.config.edit import set_scope

    if none is (names is not None):
        raise CommandError(
            "names_or_none",
            "Both names and --none were given" if none else "No names were given",
            why="An empty list must be meant, and a list of names must not be emptied by mistake",
            todo="Give names with commas between them, such as A,B, or --none",
        )
    change = set_scope(folder, kind, names or (), environment=os.environ)
    if as_json:
        say_json({"path": str(change.path), "key": change.key, "before": change.before, "after": change.after})
        return
    before = change.before if change.before is not None else "not said"
    say(line(f"{change.path}: {change.key} is {change.after} now (it was {before})."))
    say("A start takes it where it narrows the scope in force; what widens it, a named person amends:")
    say("  assent constitution check     what the next start would do with it")


SETTERS: Final = tuple(_setter(*one) for one in KINDS)
