"""What the commands share: the desk's folder, `--mode`, `--json`, and how an answer is given.

Every command that is about a desk takes the same three options and reads its settings here.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assent.cli.exits import CommandError

if TYPE_CHECKING:
    from assent.config import Settings

F = TypeVar("F", bound=Callable[..., Any])

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


def desk_options(command: F) -> F:
    """`--dir`, `--mode` and `--json`; the command gets `folder`, `mode` and `as_json`."""
    folder = click.option(
        "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
        help="The desk's folder, where assent.toml lies.  [default: this one]",
    )  # fmt: skip
    mode = click.option("--mode", metavar="MODE", help="paper or observe, instead of what the file says.")
    return folder(mode(as_json_option(command)))


def settings_of(
    folder: Path, *, mode: str | None = None, overrides: Mapping[str, object] | None = None, plugins: bool = False
) -> "Settings":
    """The desk in `folder`. A demo's folder has no file and needs none.

    Without `plugins` no strategy's file is opened: a desk can be read and stopped whatever became of it.
    """
    from assent.config import FILE_NAME, demo_settings, load

    demo = demo_settings(folder)
    if mode in (None, demo.mode) and not (folder / FILE_NAME).exists() and demo.ledger_path.exists():
        return demo
    chosen = {"desk.mode": mode} if mode is not None else {}
    return load(folder, overrides={**chosen, **(overrides or {})}, environment=os.environ, plugins=plugins)


def say(lines: Iterable[str] | str = "") -> None:
    """Text that was made inert already, to standard output."""
    click.echo(lines if isinstance(lines, str) else "\n".join(lines))


def say_json(value: object) -> None:
    """One line, ASCII only, keys as they come."""
    click.echo(json.dumps(value, ensure_ascii=True, allow_nan=False))


class Duration(click.ParamType[int]):
    """Nanoseconds, from a whole number with its unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from assent.config.values import parse_duration

        if isinstance(value, int):
            return value
        ns = parse_duration(str(value))
        if not ns:
            self.fail(f"{value!r} is not a duration; give a whole number and a unit: 30s, 10m, 2h", param, ctx)
        return ns


class Micros(click.ParamType[int]):
    """Whole micros, from a decimal number that needs no rounding."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from assent.model.errors import AssentError
        from assent.model.units import parse_micros

        if isinstance(value, int):
            return value
        try:
            return parse_micros(str(value))
        except AssentError as error:
            self.fail(str(error), param, ctx)


def need(text: str, option: str, example: str) -> str:
    """Text that a person must have given; blank is as good as nothing."""
    if text.strip():
        return text.strip()
    raise CommandError(
        "blank_option",
        f"{option} is blank",
        why="What a person does to a desk is recorded with a name and a reason, for ever",
        todo=f"Say it, such as: {option} {example}",
    )
