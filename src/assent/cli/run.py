"""`assent run`: run a desk until Ctrl-C, a signal or `--for` ends it, and say what came of it.

On a terminal it is a live view; else, or with --non-interactive, plain lines that grep understands; with --json one
object at the end. It asks one thing, and only a person at a terminal: which account orders may be sent to. Without a
terminal it runs under a service manager, or fails at once with everything that is missing.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import (
    Duration,
    chosen_ledger,
    console_option,
    desk_options,
    noted,
    say,
    say_json,
    starting_options,
)
from assent.cli.status import HYPOTHETICAL, shadow_lines
from assent.cli.words import line, money

if TYPE_CHECKING:
    from assent.app.beside import Beside
    from assent.config import Settings

SPEED_MAX = 100_000


@click.command(name="run", short_help="Run a desk until Ctrl-C.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--for", "for_ns", type=Duration(), metavar="DURATION", help="End after so much of the desk's own time.")
@click.option("--speed", type=click.IntRange(1, SPEED_MAX), default=1, show_default=True, help="Times real time.")
@click.option("--seed", type=int, help="The exchange's world, instead of what the file says.")
@click.option("--paper", is_flag=True, help="The same as --mode paper.")
@click.option("--live", is_flag=True, help="The same as --mode live: a dry-run, unless the file says dry_run = false.")
@click.option("--non-interactive", is_flag=True, help="Plain lines and no question, also on a terminal.")
@console_option
@starting_options
@desk_options
def command(
    desk: Path | None, folder: Path, mode: str | None, *, for_ns: int | None, speed: int, seed: int | None, paper: bool,
    live: bool, non_interactive: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run the desk in DIR until Ctrl-C. A signal ends it cleanly, and it exits 0."""
    from assent import app
    from assent.cli.starting import Asked, confirm, settings_to_start
    from assent.config.capability import cannot_go_live

    chosen: dict[str, object] = {} if seed is None else {"exchange.seed": seed}
    wanted = _one_mode(mode, paper=paper, live=live)
    if wanted is not None:
        chosen["desk.mode"] = wanted
    plain_only = non_interactive or not sys.stdout.isatty()
    asked = Asked(
        folder=desk or folder,
        overrides=chosen,
        scope={kind: noted(kind) or () for kind in ("markets", "events", "series")},
        ledger=chosen_ledger(),
        confirmed=noted("confirmed"),
        attended=not (plain_only or as_json) and sys.stdin.isatty(),
    )
    settings = settings_to_start(asked)
    _refuse_a_world_of_ours(settings, speed=speed, seed=seed)
    confirm(settings, asked)
    console = _console(settings, shows_way_in=not (plain_only or as_json)) if noted("web") else None
    if as_json:
        say_json(without_facts(app.run(settings, speed=speed, for_ns=for_ns, console=console)))
        return Exit.OK
    why = cannot_go_live(settings.venue, settings.environment)
    say([start_line(settings, speed), *_dry_run_line(settings, wanted), *([why] if why else [])])
    if plain_only:
        from assent.cli.plain import PlainView

        plain = PlainView()
        summary = app.run(settings, speed=speed, for_ns=for_ns, observer=plain, console=console)
        plain.finish(summary)
    else:
        from assent.cli.live import LiveView

        with LiveView(speed=speed, folder=asked.folder) as view:
            summary = app.run(settings, speed=speed, for_ns=for_ns, observer=view, console=console)
    say(summary_lines(summary))
    return Exit.OK


def _console(settings: "Settings", *, shows_way_in: bool) -> "Beside":
    """The console beside the desk. What its section of the file says is judged before anything starts."""
    from assent.app.beside import Beside, web_settings

    web_settings(settings)
    return Beside(settings, shows_way_in=shows_way_in)


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


def _refuse_a_world_of_ours(settings: "Settings", *, speed: int, seed: int | None) -> None:
    """Outside this process the exchange has its own time and its own world."""
    given = [option for option, said in (("--speed", speed != 1), ("--seed", seed is not None)) if said]
    if given and settings.environment != "sim":
        raise CommandError(
            "not_ours_to_say",
            f"{' and '.join(given)} cannot be given in environment {settings.environment}",
            why="They say how the exchange inside this process lives; any other one has its own time and markets",
            todo="Leave them out; an exchange in the box is told its speed where it is started",
        )


def _dry_run_line(settings: "Settings", wanted: str | None) -> list[str]:
    """Who asked for live and gets a dry-run is told why, on the line below."""
    if settings.mode != "dry-run":
        return []
    why = "[desk] dry_run is true" if wanted != "dry-run" else "this is what was asked for"
    return [f"DRY-RUN: every order is built, checked and signed, and none is sent: {why}"]


def start_line(settings: "Settings", speed: int) -> str:
    """Which desk this is, before anything happens, in words that grep finds."""
    pace = f" speed={speed}" if settings.environment == "sim" else ""  # elsewhere it is not ours to say
    return line(
        f"{settings.mode.upper()} desk={settings.name} venue={settings.venue} environment={settings.environment}"
        f" account={settings.account}{pace} ledger={settings.ledger_path}"
    )


def without_facts(summary: dict[str, Any]) -> dict[str, Any]:
    """What can be JSON: the last facts stand in the ledger."""
    return {key: value for key, value in summary.items() if key != "last_facts"}


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """What came of the run, on a few lines."""
    refusals = ", ".join(f"{code} {count}" for code, count in summary["refusals"].items()) or "none"
    gain, held, fees = gain_of(summary), len(summary["positions"]), summary["accounts"]["fees"]
    sums = [f"{name} {money(summary[name])}" for name in ("cash", "equity", "exposure")]
    return [
        f"Stopped: {line(summary['ended'])}. Level {summary['level']}, {summary['ledger']['records']} records.",
        f"  trades {summary['trades']}, refused ideas: {line(refusals)}",
        f"  {', '.join(sums)}, {held} positions held",
        f"  closed trades {_moved(gain + fees)}, fees {money(fees)}, together {_moved(gain)}; what is held not counted",
        f"  ledger {line(summary['ledger']['path'])}",
        *_shadow(summary),
    ]


def _moved(gain: int) -> str:
    return f"{'gained' if gain >= 0 else 'lost'} {money(abs(gain))}"


def _shadow(summary: dict[str, Any]) -> list[str]:
    """Below everything that happened, what did not."""
    lines = shadow_lines(summary.get("shadow"))
    return [f"  {HYPOTHETICAL}", *(f"    {text}" for text in lines)] if lines else []


def gain_of(status: dict[str, Any]) -> int:
    """What all that was closed or settled has brought, fees off; gains stand with a minus in double entry."""
    accounts = status["accounts"]
    return -int(accounts["realised"] + accounts["fees"])
