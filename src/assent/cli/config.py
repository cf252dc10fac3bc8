"""`assent config`: what a desk is set to and where each value was said; and one value changed in its file."""

import os
from pathlib import Path
from typing import Any

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import as_json_option, desk_options, say, say_json
from assent.cli.words import line, table


@click.group(name="config", short_help="What is set and where it was said; change one value.")
def command() -> None:
    """What is set and where it was said; change one value."""


@command.command(name="show", short_help="Every value with its origin.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@desk_options
def show(desk: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Every value of the desk in DIR, and where it was said: file and line, default, environment or command line."""
    rows = setting_rows(desk or folder, mode)
    if as_json:
        say_json({"settings": [{key: value for key, value in row.items() if key != "shown_origin"} for row in rows]})
        return
    say(table([(r["key"], r["value"], r["shown_origin"]) for r in rows], head=("key", "value", "said by")))


@command.command(name="set", short_help="Change one value in the file; comments stay.")
@click.argument("assignment", metavar="KEY=VALUE")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option(
    "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
    help="The desk's folder.  [default: this one]",
)  # fmt: skip
@as_json_option
def set_(assignment: str, desk: Path | None, folder: Path, *, as_json: bool) -> None:
    """Change one value in the file of the desk in DIR; it holds from the next start on.

    A key is SECTION.KEY, or strategy.NAME.OPTION. Limits of the constitution are refused here.
    """
    from assent.config.edit import SealedKey, set_value

    key, sign, text = assignment.partition("=")
    if not sign:
        raise click.UsageError(f"{assignment!r} is not KEY=VALUE, such as runtime.cycle=5s.")
    try:
        change = set_value(desk or folder, key.strip(), text.strip(), environment=os.environ)
    except SealedKey as error:
        raise CommandError(
            error.code, error.what, why=error.why, todo=error.todo, exit_code=Exit.REFUSED
        ) from error  # fmt: skip
    if as_json:
        say_json({"path": str(change.path), "key": change.key, "before": change.before, "after": change.after})
        return
    before = change.before if change.before is not None else "not said"
    say(line(f"{change.path}: {change.key} is {change.after} now (it was {before}); from the next start on."))


def setting_rows(folder: Path, mode: str | None) -> list[dict[str, Any]]:
    """Key, value as a file would say it, and origin, in the order of the table."""
    from assent.config import read_all
    from assent.config.values import written

    overrides = {} if mode is None else {"desk.mode": mode}
    loaded = read_all(folder, overrides=overrides, environment=os.environ)
    rows = []
    for key, (setting, value) in loaded.values.items():
        origin = loaded.origins[key]
        rows.append(
            {
                "key": key,
                "value": written(setting, value),
                "origin": origin.where,
                "place": origin.place,
                "line": origin.line,
                "shown_origin": str(origin),
            }
        )
    return rows
