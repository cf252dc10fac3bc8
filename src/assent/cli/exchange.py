"""`assent exchange`: the exchanges in a box as servers of their own, for anybody's bot."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import Duration, as_json_option, say, say_json
from assent.cli.words import line
from assent.model.errors import AssentError
from assent.model.units import MICRO, parse_micros

if TYPE_CHECKING:
    from assent.app.boxes import Running

SPEED_MAX: Final = 10_000
SEED_MAX: Final = 2**63 - 1
CASH_MAX: Final = 1_000_000_000 * MICRO
CASH_STEP: Final = 100
ACCOUNT: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
READ_LAG_MAX_MS: Final = 600_000
TIERS: Final = ("none", "basic", "advanced", "expert", "premier", "paragon", "prime", "prestige")


class Cash(click.ParamType[int]):
    """Micros, from dollars as text."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            micros = parse_micros(str(value), "cash")
        except AssentError as error:
            self.fail(f"{error}; give dollars, such as 1000.00", param, ctx)
        if not 0 <= micros <= CASH_MAX or micros % CASH_STEP:
            self.fail(f"{value!r} is not from 0 to 1000000000.00 with at most four decimals: 1000.00", param, ctx)
        return micros


class Account(click.ParamType[str]):
    """A short plain name."""

    name = "account"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not ACCOUNT.fullmatch(str(value)):
            self.fail(f"{value!r} is not a name of 1 to 40 of A-Z a-z 0-9 _ -", param, ctx)
        return str(value)


class Registration(click.ParamType[tuple[str, Path]]):
    """A key id and the file of its public half."""

    name = "registration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        key_id, sign, path = str(value).partition("=")
        if not sign or not key_id or not path:
            self.fail(f"{value!r} is not KEYID=FILE: an id of yours and a public key in PEM", param, ctx)
        return key_id, Path(path)


@click.group(name="exchange", short_help="Serve an exchange in a box for any bot.")
def command() -> None:
    """Serve an exchange in a box for any bot."""


@command.command(
    name="kalshi", short_help="Kalshi's REST interface and websocket, with a simulated market behind them."
)
@click.option("--port", type=click.IntRange(0, 65_535), default=8551, show_default=True, help="0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; no other is served.")
@click.option(
    "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path("kalshi-box"), show_default=True,
    metavar="DIR", help="Where the box keeps its world and its keys; made if it is not there.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(0, SEED_MAX), help="Which world.  [default: that of DIR; 1 for a new one]")
@click.option("--cash", type=Cash(), help="The member's dollars.  [default: those of DIR; 1000.00 for a new one]")
@click.option("--account", type=Account(), help="The member's name.  [default: that of DIR; box for a new one]")
@click.option("--speed", type=click.IntRange(1, SPEED_MAX), default=1, show_default=True, help="Times real time.")
@click.option(
    "--tier", type=click.Choice(TIERS), default="basic", show_default=True, help="Rate limits; none has none."
)
@click.option("--key-type", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True,
    help="Of the key pair that the box makes for its member.")  # fmt: skip
@click.option(
    "--register", "registered", type=Registration(), multiple=True, metavar="KEYID=FILE",
    help="Let the member sign with a key of its own too: its id and its public half in PEM. May be repeated.",
)  # fmt: skip
@click.option("--faults", type=click.Path(path_type=Path), metavar="FILE", help="What is to go wrong: TOML or JSON.")
@click.option(
    "--read-lag", "read_lag_ms", type=click.IntRange(0, READ_LAG_MAX_MS), default=0, show_default=True,
    metavar="MS", help="How old the member's own reads are, in milliseconds of the box's time.",
)  # fmt: skip
@click.option(
    "--live-for", "live_ns", type=Duration(), metavar="DURATION",
    help="When what is over moves to /historical.  [default: after 90 days, orders after 14]",
)  # fmt: skip
@click.option("--for", "for_ns", type=Duration(), metavar="DURATION", help="End after so much of the box's own time.")
@as_json_option
def kalshi(host: str, folder: Path, tier: str, *, as_json: bool, **given: Any) -> int:
    """Serve Kalshi in a box until Ctrl-C: its REST interface and websocket as the venue speaks them today, on this
    machine only, with a simulated market behind them that lives by itself. Point any bot at the address that is
    printed, with the key id and the key file that are printed. Everything is in DIR before it is answered: whoever
    starts again with the same DIR goes on where it ended, be it by kill -9. Faults, the clock, markets and the
    exchange's own books are at /box/ on the same port. More: docs/exchange-kalshi.md"""
    from assent.app import boxes

    if not boxes.is_loopback(host):
        raise CommandError(
            "host_not_loopback",
            f"--host {host} is no loopback address",
            why="Nobody has to sign at /box/, so the box is served to this machine only",
            todo="Leave --host away, or give 127.0.0.1 or ::1",
        )
    options = boxes.BoxOptions(folder=folder, host=host, tier=None if tier == "none" else tier, **given)

    def ready(running: "Running") -> None:
        if as_json:
            say_json(_as_json(running))
        else:
            say(_lines(running))

    why = boxes.serve(options, ready=ready)
    if not as_json:
        say(f"Stopped: {line(why)}. Everything that was answered is in {line(str(folder))}")
    return Exit.OK


def _as_json(running: "Running") -> dict[str, Any]:
    told = running._asdict()
    told["folder"] = str(running.folder)
    told["key"] = {"key_id": running.key.key_id, "private_file": str(running.key.private_file)}
    return told


def _lines(running: "Running") -> list[str]:
    key_file = running.key.private_file
    gone = "" if key_file.exists() else "  (it was moved away)"
    return [
        f"Kalshi in a box: account {line(running.account)}, seed {running.seed}, speed {running.speed}, no real money",
        f"  REST       {running.url}",
        f"  websocket  {running.websocket_url}",
        f"  control    {running.control_url}/clock",
        f"  key id     {running.key.key_id}",
        f"  key file   {line(str(key_file))}{gone}",
        f"  world      {line(str(running.folder))}",
        f"A desk beside it is told the key: assent config set kalshi.key_id={running.key.key_id} my-desk",
        "Ctrl-C ends it.",
    ]
