"""`assent run`: run a desk until Ctrl-C, a signal or `--for` ends it, and say what came of it.

On a terminal it is a live view; else, or with --non-interactive, plain lines that grep understands; with --json one
object at the end. It never asks anything, so it runs the same under a service manager.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import Duration, desk_options, say, say_json
from assent.cli.words import line, money

if TYPE_CHECKING:
    from assent.config import Settings

SPEED_MAX = 100_000


@click.command(name="run", short_help="Run a desk until Ctrl-C.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--for", "for_ns", type=Duration(), metavar="DURATION", help="End after so much of the desk's own time.")
@click.option("--speed", type=click.IntRange(1, SPEED_MAX), default=1, show_default=True, help="Times real time.")
@click.option("--seed", type=int, help="The exchange's world, instead of what the file says.")
@click.option("--paper", is_flag=True, help="The same as --mode paper.")
@click.option("--live", is_flag=True, help="Real money; refused, for this version cannot.")
@click.option("--non-interactive", is_flag=True, help="Plain lines, also on a terminal.")
@desk_options
def command(
    desk: Path | None, folder: Path, mode: str | None, *, for_ns: int | None, speed: int, seed: int | None, paper: bool,
    live: bool, non_interactive: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run the desk in DIR until Ctrl-C. A signal ends it cleanly, and it exits 0."""
    from assent import app
    from assent.config import CANNOT_GO_LIVE
    from assent.config.load import load

    chosen: dict[str, object] = {} if seed is None else {"exchange.seed": seed}
    wanted = _one_mode(mode, paper=paper, live=live)
    if wanted is not None:
        chosen["desk.mode"] = wanted
    settings = load(desk or folder, overrides=chosen, environment=os.environ)
    if as_json:
        say_json(without_facts(app.run(settings, speed=speed, for_ns=for_ns)))
        return Exit.OK
    say([start_line(settings, speed), CANNOT_GO_LIVE[settings.venue]])
    if non_interactive or not sys.stdout.isatty():
        from assent.cli.plain import PlainView

        plain = PlainView()
        summary = app.run(settings, speed=speed, for_ns=for_ns, observer=plain)
        plain.finish(summary)
    else:
        from assent.cli.live import LiveView

        with LiveView(speed=speed) as view:
            summary = app.run(settings, speed=speed, for_ns=for_ns, observer=view)
    say(summary_lines(summary))
    return Exit.OK


def _one_mode(mode: str | None, *, paper: bool, live: bool) -> str | None:
    """The mode that was asked for; two different ones are a mistake that must not be guessed away."""
    asked = {name for name, wanted in (("paper", paper), ("live", live), (mode, mode is not None)) if wanted}
    if len(asked) > 1:
        raise CommandError(
            "modes_differ",
            f"Two modes were asked for: {' and '.join(sorted(str(name) for name in asked))}",
            why="A desk runs in one",
            todo="Give one of --mode, --paper and --live",
        )
    return asked.pop() if asked else None


def start_line(settings: "Settings", speed: int) -> str:
    """Which desk this is, before anything happens, in words that grep finds."""
    return line(
        f"{settings.mode.upper()} desk={settings.name} venue={settings.venue} environment={settings.environment}"
        f" account={settings.account} speed={speed} ledger={settings.ledger_path}"
    )


def without_facts(summary: dict[str, Any]) -> dict[str, Any]:
    """What can be JSON: the last facts stand in the ledger."""
    return {key: value for key, value in summary.items() if key != "last_facts"}


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """What came of the run, on a few lines."""
    refusals = ", ".join(f"{code} {count}" for code, count in summary["refusals"].items()) or "none"
    gain, held = gain_of(summary), len(summary["positions"])
    sums = [f"{name} {money(summary[name])}" for name in ("cash", "equity", "exposure")]
    result = f"{'gained' if gain >= 0 else 'lost'} {money(abs(gain))}"
    return [
        f"Stopped: {line(summary['ended'])}. Level {summary['level']}, {summary['ledger']['records']} records.",
        f"  trades {summary['trades']}, refused ideas: {line(refusals)}",
        f"  {', '.join(sums)}, {held} positions held",
        f"  what was closed {result}, after {money(summary['accounts']['fees'])} in fees",
        f"  ledger {line(summary['ledger']['path'])}",
    ]


def gain_of(status: dict[str, Any]) -> int:
    """What all that was closed or settled has brought, fees off; gains stand with a minus in double entry."""
    accounts = status["accounts"]
    return -int(accounts["realised"] + accounts["fees"])
