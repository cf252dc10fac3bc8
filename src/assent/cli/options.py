"""What the commands share: the desk's folder, `--mode`, `--json`, and how an answer is given.

Every command that is about a desk takes the same three options and reads its settings here.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assent.cli.exits import CommandError

if TYPE_CHECKING:
    from assent.config import Settings

F = TypeVar("F", bound=Callable[..., Any])

# What a start may be told to keep to: the kind of name, the option's word, and what people call them.
_KEPT_TO = (
    ("series", "series-tickers", "series"),
    ("events", "event-tickers", "events"),
    ("markets", "market-ids", "markets"),
)

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


def desk_options(command: F) -> F:
    """`--dir`, `--mode` and `--json`; the command gets `folder`, `mode` and `as_json`."""
    folder = click.option(
        "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
        help="The desk's folder, where assent.toml lies.  [default: this one]",
    )  # fmt: skip
    mode = click.option(
        "--mode", metavar="MODE", help="paper, observe, dry-run or live, instead of what the file says."
    )
    ledger = _noting(
        "ledger", "--ledger", type=click.Path(path_type=Path, dir_okay=False), metavar="PATH",
        help="The ledger, where it does not lie in the desk's folder.",
    )  # fmt: skip
    return folder(mode(ledger(as_json_option(command))))


def starting_options(command: F) -> F:
    """`--confirm-live`, and what a start keeps to; read with `noted`."""
    for kind, word, what in _KEPT_TO:
        command = _noting(
            kind, f"--{word}", f"--set-allowed-{word}", type=Names(), metavar="NAMES",
            help=f"Keep to these {what} of the scope, until the next start.",
        )(command)  # fmt: skip
    confirmed = _noting(
        "confirmed", "--confirm-live", metavar="ACCOUNT",
        help="Orders may be sent to this account; on a terminal it is asked for.",
    )  # fmt: skip
    return confirmed(command)


def console_option(command: F) -> F:
    """`--web`; read with `noted`."""
    return _noting(
        "web", "--web", is_flag=True, help="With the console in the browser beside it, as [web] in its file says."
    )(command)


def _noting(key: str, *names: str, **given: Any) -> Callable[[F], F]:
    """An option that many commands have and few of them look at: it is kept beside their arguments."""

    def note(context: click.Context, _option: click.Parameter, value: Any) -> None:
        context.meta[f"assent.{key}"] = value

    return click.option(*names, expose_value=False, callback=note, **given)


def noted(key: str) -> Any:
    """What such an option says to the command that is running; None where it was not given."""
    context = click.get_current_context(silent=True)
    return context.meta.get(f"assent.{key}") if context else None


def chosen_ledger() -> Path | None:
    """What `--ledger` says."""
    given: Path | None = noted("ledger")
    return given


def settings_of(
    folder: Path, *, mode: str | None = None, overrides: Mapping[str, object] | None = None, plugins: bool = False
) -> "Settings":
    """The desk in `folder`. A demo's folder has no file and needs none.

    Without `plugins` no strategy's file is opened: a desk can be read and stopped whatever became of it.
    """
    from assent.config import FILE_NAME, demo_settings, load

    demo, ledger = demo_settings(folder), chosen_ledger()
    if ledger is None and mode in (None, demo.mode) and not (folder / FILE_NAME).exists() and demo.ledger_path.exists():
        return demo
    chosen = {"desk.mode": mode} if mode is not None else {}
    settings = load(folder, overrides={**chosen, **(overrides or {})}, environment=os.environ, plugins=plugins)
    return settings if ledger is None else replace(settings, ledger_override=ledger.absolute())


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


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in str(value).split(","))
        if not all(names):
            self.fail(f"{value!r} holds an empty name; give names with commas between them: A,B", param, ctx)
        return names


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
