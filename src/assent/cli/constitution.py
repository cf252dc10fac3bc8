"""`assent constitution`: the limits in force, what the file would change of them, and the way to loosen one.

The limits in force are those that the ledger was sealed with, as its later records changed them; before there is a
ledger they are the file's. Looking takes no lease and works while the desk runs.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assent.cli.charter import IN_FORCE, THE_FILE, InForce, change_lines, in_force, limit_rows, other_limits
from assent.cli.exits import CommandError, Exit
from assent.cli.options import desk_options, need, say, say_json, settings_of
from assent.cli.words import line, table, when
from assent.model.change import LimitChange, changes_between, verdict_of
from assent.model.consistency import Complaint, complaints

if TYPE_CHECKING:
    from assent.config import Settings

DIGEST_SHOWN = 12

directory = click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")


@click.group(name="constitution", short_help="The limits in force, and how they may change.")
def command() -> None:
    """The limits in force, and how they may change."""


@command.command(name="show", short_help="Every limit in force, and where the file differs.")
@directory
@desk_options
def show(desk: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Every limit in force with its value, its default and what it means, and where the file differs from it."""
    settings = settings_of(desk or folder, mode=mode)
    now = in_force(settings)
    changes = changes_between(now.constitution, settings.constitution)
    if as_json:
        say_json({
            **now.told(), "limits": limit_rows(now.constitution, settings.constitution),
            "file": {"digest": settings.constitution.digest(), **_told(changes)},
        })  # fmt: skip
        return
    say(_head(now))
    say()
    rows = limit_rows(now.constitution, settings.constitution)
    cells = [(row["key"], row["said"], row["default_said"], row["tighter"]) for row in rows]
    head, *lines = table(cells, head=("limit", "in force", "default", "tighter is"))
    say(head)
    for text, row in zip(lines, rows, strict=True):
        say([text, f"    {line(row['sentence'])}"])
    say(["", *_verdict_lines(changes, now.source, THE_FILE)])


@command.command(name="check", short_help="Is the file fit, and what would a start do with it?")
@directory
@desk_options
def check(desk: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Does the file load, do its limits work together, and what would a start do with it?

    Exit 0: all is well. Exit 1: limits contradict each other or do nothing, or a start would refuse the file. Exit 2:
    the file cannot be read.
    """
    settings = settings_of(desk or folder, mode=mode)
    now = in_force(settings)
    changes = changes_between(now.constitution, settings.constitution)
    found, verdict = complaints(settings.constitution), verdict_of(changes)
    fine = not found and verdict != "looser"
    if as_json:
        say_json({
            "fine": fine, "digest": settings.constitution.digest(), "in_force": now.told(),
            "complaints": [
                {"keys": list(one.keys), "kind": one.kind, "sentence": one.sentence} for one in found
            ],
            "start": _start_words(now, verdict), **_told(changes),
        })  # fmt: skip
    else:
        say(_complaint_lines(found) or ["The limits of the file fit together."])
        say(["", f"A start: {_start_words(now, verdict)}", *_indented(change_lines(changes))])
    return Exit.OK if fine else Exit.FOUND


@command.command(name="diff", short_help="Two sets of limits, one by one.")
@directory
@click.argument("other", required=False, type=click.Path(path_type=Path), metavar="[OTHER]")
@desk_options
def diff(desk: Path | None, other: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """What the file would change of the limits in force, limit by limit; with OTHER, from the first file to it.

    DIR and OTHER may be desks' folders or files. With OTHER the ledgers are not looked at.
    """
    if other is None:
        settings = settings_of(desk or folder, mode=mode)
        now = in_force(settings)
        old, new, names = now.constitution, settings.constitution, (now.source, THE_FILE)
    else:
        first = desk or folder
        old, new, names = other_limits(first, mode), other_limits(other, mode), (str(first), str(other))
    changes = changes_between(old, new)
    if as_json:
        say_json({"old": old.digest(), "new": new.digest(), "verdict": verdict_of(changes), **_told(changes)})
    else:
        say(_verdict_lines(changes, *names))


@command.command(name="amend", short_help="Bring the file's limits into force, looser ones too.")
@directory
@click.option("--by", required=True, help="Who.")
@click.option("--reason", required=True, help="Why; recorded for ever.")
@click.option("--yes", is_flag=True, help="Do not ask: for scripts.")
@desk_options
def amend(desk: Path | None, folder: Path, mode: str | None, *, by: str, reason: str, yes: bool, as_json: bool) -> int:
    """Bring the file's limits into force on the record, looser ones too. The desk must not be running.

    Shows every difference and asks for the first characters of the new digest. Refused while the books differ or an
    order's fate is unknown.
    """
    settings = settings_of(desk or folder, mode=mode)
    who, why = need(by, "--by", "Ada"), need(reason, "--reason", '"a month of paper went well"')
    now = in_force(settings)
    if now.source != IN_FORCE:
        raise CommandError(
            "never_ran",
            f"There is no ledger at {settings.ledger_path}",
            why="Before the first run nothing is sealed, so there is nothing to amend",
            todo="Change the file; its limits are sealed when the desk first runs",
        )
    changes = changes_between(now.constitution, settings.constitution)
    if not as_json:
        say([*_verdict_lines(changes, IN_FORCE, THE_FILE), *_complaint_lines(complaints(settings.constitution))])
    if changes and not yes:
        _confirm(settings.constitution.digest(), asks=not as_json and on_a_terminal())
    answer = _carried_out(settings, now, by=who, reason=why) if changes else {"ok": True, "facts": []}
    if as_json:
        say_json({**answer, "old": now.digest, "new": settings.constitution.digest(), **_told(changes)})
    elif changes:
        say(f"In force from here on: constitution {settings.constitution.digest()} (by {line(who)}).")
    return Exit.OK


def _complaint_lines(found: list[Complaint]) -> list[str]:
    return [f"{one.kind.upper():<7} {line(one.sentence)}" for one in found]


def _confirm(digest: str, *, asks: bool) -> None:
    """A person must have seen what this is about; a script says so with --yes."""
    wanted = digest[:DIGEST_SHOWN]
    if not asks:
        raise CommandError(
            "not_confirmed",
            "This changes limits and was not confirmed",
            why="There is no terminal to ask at, or --json leaves no room to ask",
            todo="Read the difference with `assent constitution diff`, then give --yes",
        )
    typed = click.prompt(f"Type {wanted} to bring these limits into force", default="", show_default=False)
    if typed.strip().lower() != wanted:
        raise CommandError(
            "not_confirmed",
            "What was typed is not the digest of the new limits",
            why="A slip of the hand must not loosen a limit",
            todo="Nothing was changed; ask again",
        )


def on_a_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _carried_out(settings: "Settings", now: InForce, *, by: str, reason: str) -> dict[str, Any]:
    from assent.app import act

    answer = act(settings, {"cmd": "amend", "by": by, "reason": reason, "instead_of": now.digest})
    if not answer["ok"]:
        raise CommandError(
            "amendment_refused",
            f"The amendment was refused: {answer.get('error', 'no reason was given')}",
            why="Limits change only when the books are known to agree, and only those that were shown",
            todo="Settle it with `assent run` and `assent halt status`, and ask again",
            exit_code=Exit.REFUSED,
        )
    return answer


def _head(now: InForce) -> list[str]:
    place = "in force by the ledger" if now.source == IN_FORCE else "as the file says it; there is no ledger yet"
    lines = [f"constitution {now.digest}", f"  {place}"]
    for seq, ts, change in now.history:
        who = f"amended by {change.by}: {change.reason}" if change.how == "amendment" else "the file at a start"
        limits = "1 limit" if len(change.changes) == 1 else f"{len(change.changes)} limits"
        lines.append(line(f"  changed {when(ts)}, record {seq}, {limits}, {who}"))
    return lines


def _start_words(now: InForce, verdict: str) -> str:
    if now.source != IN_FORCE:
        return "seals these limits into a new ledger."
    return {
        "same": "goes on with the limits in force; the file says the same.",
        "neither": "takes what the file says otherwise, which is neither tighter nor looser, and records the change.",
        "tighter": "takes the tighter limits and records the change.",
        "looser": "is refused. Put the values back, or: assent constitution amend --by NAME --reason REASON",
    }[verdict]


def _verdict_lines(changes: tuple[LimitChange, ...], old: str, new: str) -> list[str]:
    if old == THE_FILE:
        return ["There is no ledger yet: the first run seals the limits as the file says them."]
    if not changes:
        return [line(f"No difference: {new} says the same as {old}.")]
    return [line(f"From {old} to {new}:"), *_indented(change_lines(changes))]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {text}" for text in lines]


def _told(changes: tuple[LimitChange, ...]) -> dict[str, Any]:
    return {"changes": [{"key": c.key, "old": c.old, "new": c.new, "becomes": c.becomes} for c in changes]}
