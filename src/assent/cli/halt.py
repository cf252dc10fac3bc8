"""`assent halt`: stop the desk, see why it stands, let it go on.

A running desk is asked over its socket. Where none runs, the act is written into its ledger under the lease, so that
the next start finds it: a halt is never lost because nobody listened.
"""

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from assent.cli.asking import have_done
from assent.cli.exits import CommandError, Exit
from assent.cli.options import Duration, desk_options, need, say, say_json, settings_of
from assent.cli.status import banner, halt_lines, switch_words
from assent.cli.words import line, when

DONE: Final[Mapping[str, str]] = {"halt": "HALTED", "resume": "resumed"}
GIVE_FACTOR = "Add --factor with the digits that your device shows now; `assent web factor enrol` makes one known here"
# What to do about an override that is refused; the sentences stand in the registry of reasons.
REMEDIES: Final[Mapping[str, str]] = {
    "second_factor_missing": GIVE_FACTOR,
    "second_factor_wrong": "Look at the device and at its clock, and ask again",
    "second_factor_locked": "Wait a quarter of an hour, and find out who tried",
    "second_factor_replayed": "Wait for the next digits of your device, and ask again",
    "override_forbidden": "docs/halts.md lists the causes that may be overridden; settle this one, then "
    "`assent halt resume`",
    "override_too_long": "Give --for with 1m to 60m; who needs longer asks again when it is over",
    "override_stands": "`assent halt override CODE --end` ends it; then ask again",
    "override_unsettled": "See `assent reconcile show` and `assent orders list`, settle it, and ask again",
}  # fmt: skip
UNCHANGED: Final[Mapping[str, str]] = {
    "halt": "nothing changed: a person has halted it already",
    "resume": "nothing changed: no halt stands that a person may end; see `assent halt status`",
}


@click.group(name="halt", short_help="Stop the desk, see its halts, let it go on.")
def command() -> None:
    """Stop the desk, see its halts, let it go on."""


@command.command(name="now", short_help="Stop: cancels only, until a person resumes.")
@click.option("--reason", required=True, help="Why; recorded for ever.")
@click.option("--by", help="Who.  [default: the user of this machine]")
@desk_options
def now(folder: Path, mode: str | None, *, reason: str, by: str | None, as_json: bool) -> int:
    """Stop: no new order leaves, opening orders are cancelled, until a person resumes."""
    who = need(by if by is not None else _user_of_this_machine(), "--by", "Ada")
    request = {"cmd": "halt", "by": who, "reason": need(reason, "--reason", '"the feed looks wrong"')}
    return _act(folder, mode, request, as_json=as_json)


@command.command(name="resume", short_help="End a halt that waits for a person.")
@click.option("--cause", default="", help="Only this one.  [default: every halt that a person may end]")
@click.option("--by", required=True, help="Who.")
@click.option("--reason", required=True, help="Why it is safe; recorded for ever.")
@click.option("--factor", metavar="DIGITS", help="Your second factor, where the constitution asks for one.")
@desk_options
def resume(
    folder: Path, mode: str | None, *, cause: str, by: str, reason: str, factor: str | None, as_json: bool
) -> int:
    """End a halt that waits for a person. Refused while books differ or an order's fate is unknown."""
    if cause:
        _known(cause)
    request = {
        "cmd": "resume",
        "cause": cause,
        "by": need(by, "--by", "Ada"),
        "reason": need(reason, "--reason", '"checked the books, all is well"'),
    }
    if factor is None and settings_of(folder, mode=mode).constitution.second_factor_to_resume:
        factor = _typed_factor(as_json=as_json)
    if factor:
        request["factor"] = factor
    return _act(folder, mode, request, as_json=as_json)


@command.command(name="override", short_help="Set one halt aside for at most 60 minutes.")
@click.argument("code", metavar="CODE")
@click.option("--for", "life", type=Duration(), metavar="DURATION", help="How long, at most 60m: 30m.")
@click.option("--reason", default="", help="Why it may be; recorded for ever.")
@click.option("--factor", metavar="DIGITS", help="Your second factor: always needed.")
@click.option("--end", is_flag=True, help="End the override that is in force, at once.")
@desk_options
def override(
    code: str,
    folder: Path,
    mode: str | None,
    *,
    life: int | None,
    reason: str,
    factor: str | None,
    end: bool,
    as_json: bool,
) -> int:
    """Set one halt aside for a while: it stays on the record and does not hold the level until its time is up.

    CODE is the halt's cause. It takes a second factor whatever the constitution says, and the name on the record is
    that of whoever proved it. Never for a cause that puts books, keys, clocks or this program's own code in doubt. It
    is over by itself when its time is up, with --end, and at once when the same trouble comes again.
    """
    settings = settings_of(folder, mode=mode)
    _known(code)
    if end:
        if life is not None or factor is not None:
            raise click.UsageError("--end takes no --for and no --factor")
        request: dict[str, Any] = {"cmd": "end_override", "cause": code, "reason": reason}
    else:
        if life is None:
            raise click.UsageError("an override needs --for, at most 60m; or --end, to end one")
        request = {
            "cmd": "override", "cause": code, "life_ns": life,
            "reason": need(reason, "--reason", '"the feed is back, I watch it"'),
        }  # fmt: skip
        digits = _typed_factor(as_json=as_json) if factor is None else factor
        request |= {"factor": digits} if digits else {}
    done = have_done(settings, request, what="override", todo="See `assent halt status`", remedies=REMEDIES)
    if as_json:
        say_json(done.told)
    elif end:
        say(f"{line(code)} holds again (via {done.via})")
    else:
        until, by = when(done.answer["until_ts"]), line(done.answer["by"])
        say(f"{line(code)} OVERRIDDEN until {until} (by {by}, via {done.via})")
    return Exit.OK


@command.command(name="status", short_help="Which halts stand, and what ends them.")
@desk_options
def status(folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Which halts stand, since when, by whom, with which numbers, and what ends them."""
    from assent.cli.reading import standing

    found = standing(settings_of(folder, mode=mode))
    if as_json:
        say_json({key: found[key] for key in ("running", "level", "allowed", "halts", "stopped", "kill_switch")})
    else:
        stopped = [line(f"strategy {s['strategy']} is stopped: {s['sentence']}") for s in found["stopped"]]
        halts = halt_lines(found) or ["no halt stands"]
        switch = f"kill switch {switch_words(found)}"
        say([f"{banner(found)}  level {found['level']}", *halts, *stopped, switch])


@command.command(name="list", short_help="Every halt on record: why, by whom, how it ended.")
@click.option("--history", is_flag=True, help="Those that are over as well.  [default: those that stand]")
@desk_options
def listed(folder: Path, mode: str | None, *, history: bool, as_json: bool) -> None:
    """Every halt that stands, or ever stood: its cause and level, when and by whom it was raised and cleared, and why.

    Read from the ledger, whether the desk runs or not.
    """
    from assent.cli.reading import read_ledger
    from assent.desk.halt_history import halt_history

    found = halt_history(read_ledger(settings_of(folder, mode=mode)).records)
    shown = [told for told in found if history or told["cleared_ts"] is None]
    if as_json:
        say_json({"halts": shown})
    else:
        nothing = "no halt was ever raised" if history else "no halt stands"
        say([text for told in shown for text in _told_lines(told)] or [nothing])


def _known(cause: str) -> None:
    from assent.model.levels import CAUSES

    if cause not in CAUSES:
        raise CommandError(
            "cause_unknown",
            f"There is no halt called {cause!r}",
            why=f"The causes are {', '.join(CAUSES)}",
            todo="See `assent halt status` for those that stand",
        )


def _told_lines(told: Mapping[str, Any]) -> list[str]:
    lines = [
        line(f"{told['level']} [{told['cause']}] {when(told['raised_ts'])} by {told['by']}: {told['detail']}"),
    ]
    lines += [line(_override_told(one)) for one in told["overrides"]]
    if told["cleared_ts"] is None:
        return [*lines, "  stands"]
    ended = f"cleared {when(told['cleared_ts'])} by {told['cleared_by']}: {told['cleared_why']}"
    return [*lines, line(f"  {ended}")]


def _override_told(one: Mapping[str, Any]) -> str:
    given = f"  overridden {when(one['since_ts'])} until {when(one['until_ts'])} by {one['by']}: {one['why']}"
    if one["ended_ts"] is None:
        return given
    return f"{given}; over {when(one['ended_ts'])}, {one['ended_why']} (by {one['ended_by']})"


def _typed_factor(*, as_json: bool) -> str:
    """The digits, typed unseen, where somebody can be asked."""
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    typed: str = click.prompt("Second factor", hide_input=True, default="", show_default=False)
    return typed.strip()


def _user_of_this_machine() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as nobody that it knows
        return ""


def _act(folder: Path, mode: str | None, request: Mapping[str, str], *, as_json: bool) -> int:
    """Have it done, by the running desk or in its place, and say what came of it."""
    from assent.runtime.control import ask

    settings = settings_of(folder, mode=mode)
    answer, via = ask(settings.control_path, request), "the running desk"
    if answer is None:
        from assent.app import act

        answer, via = act(settings, request), "its ledger: the desk does not run"
    if not answer["ok"]:
        raise _not_done(request["cmd"], answer)
    if as_json:
        say_json({**answer, "via": via})
    else:
        said = (UNCHANGED if "note" in answer else DONE)[request["cmd"]]
        say(f"{said} (by {line(request['by'])}, via {via})")
    return Exit.OK


def _not_done(what: str, answer: dict[str, Any]) -> CommandError:
    """A rule said no; or nobody knows."""
    error = str(answer.get("error", "no reason was given"))
    if answer.get("refused"):
        return CommandError(
            str(answer.get("code", "resume_refused")),
            f"The {what} was refused: {error}",
            why="Only a halt that stands can be ended, and only when its cause is settled",
            todo="See what stands, and what ends it, with `assent halt status`, and ask again",
            exit_code=Exit.REFUSED,
        )
    return CommandError(
        "outcome_unknown",
        f"The {what} was asked for, and {error}",
        why="It may have been done or not",
        todo="Look with `assent halt status`; to stop at once, end the process",
        exit_code=Exit.UNKNOWN,
    )
