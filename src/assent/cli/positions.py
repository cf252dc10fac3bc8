"""`assent positions`: what is held, and leaving it by hand: an intent like any other, through the gate."""

from pathlib import Path
from typing import Any

import click

from assent.cli.asking import have_done
from assent.cli.exits import CommandError, Exit
from assent.cli.intents import Listing
from assent.cli.options import Micros, desk_options, need, say, say_json, settings_of
from assent.cli.orders import where
from assent.cli.status import position_lines
from assent.cli.words import line


@click.group(name="positions", cls=Listing, short_help="What is held; leave it.")
def command() -> None:
    """What is held; leave it. Without a command: list."""


@command.command(name="list", short_help="What is held.")
@desk_options
def list_command(folder: Path, mode: str | None, *, as_json: bool) -> None:
    """What is held, what it cost, and the most that it can still lose."""
    from assent.cli.reading import standing

    status = standing(settings_of(folder, mode=mode))
    if as_json:
        say_json({"running": status["running"], "positions": status["positions"]})
    else:
        say([where(status), *(position_lines(status) or ["no positions"])])


@command.command(name="close", short_help="Leave a position, or all of them.")
@click.argument("market", required=False, metavar="[MARKET]")
@click.option("--all", "everything", is_flag=True, help="Every position.")
@click.option(
    "--price", type=Micros(), metavar="P", help="Rest at this YES price.  [default: the best one now, at once]"
)
@click.option("--by", required=True, help="Who.")
@click.option("--reason", required=True, help="Why; recorded for ever.")
@desk_options
def close(
    market: str | None, folder: Path, mode: str | None, *, everything: bool, price: int | None, by: str, reason: str,
    as_json: bool,
) -> int:  # fmt: skip
    """Leave a position, or all of them: an intent of yours on the same road as a strategy's, with its story in `why`.

    The gate judges it: at level REDUCING it may leave, at HALTED it is refused, since nothing but cancels may. Where
    the constitution asks people before a close, it waits for their assent and says so. Needs a running desk (exit 6).
    """
    if (market is None) is not everything or (everything and price is not None):
        raise CommandError(
            "usage",
            "Say which market to leave, or --all, and a price for one market only",
            why="A slip must not sell what was meant to be kept",
            todo="Such as: assent positions close MARKET --by Ada --reason REASON",
        )
    settings = settings_of(folder, mode=mode)
    request = {
        "cmd": "close",
        "instrument": market or "",
        "price": price,
        "by": need(by, "--by", "Ada"),
        "reason": need(reason, "--reason", '"too near to the deadline for me"'),
    }
    done = have_done(
        settings, request, what="close", needs_running=True,
        todo="See `assent halt status`, and `assent intents --all` for the checks; a halt may forbid it until it ends",
    )  # fmt: skip
    if as_json:
        say_json(done.told)
    else:
        told = [f"{one['words']} in {one['instrument']}: {_next(one)}" for one in done.answer["intents"]]
        say([f"asked for (by {line(by)}, via {done.via})", *(line(f"  {text}") for text in told)])
    return Exit.OK


def _next(intent: dict[str, Any]) -> str:
    """What there is to do or to see of an intent that was asked for."""
    code = intent["code"]
    return f"WAITS FOR ASSENT: assent intents approve {code}" if intent["waits"] else f"assent why {code}"
