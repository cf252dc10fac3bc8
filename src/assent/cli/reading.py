"""How a command learns how a desk stands: it asks the one that runs, or folds the ledger read-only.

Reading never takes the lease, so it disturbs nobody and works while the desk is at work.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from assent.cli.exits import CommandError, Exit
from assent.desk.fold import evolve
from assent.desk.lots import Told
from assent.desk.state import State
from assent.ledger.chain import EMPTY, Head
from assent.ledger.port import Reader
from assent.ledger.sqlite import left_of, open_reader
from assent.model.errors import InvariantBroken
from assent.model.facts import decode_fact
from assent.runtime.clock import WallClock
from assent.runtime.control import ask
from assent.runtime.shadow_book import summary_of
from assent.runtime.shadow_file import FILE_NAME, read_book
from assent.runtime.status import Status, status_of, switch_status

if TYPE_CHECKING:
    from assent.config import Settings


class Ledger(NamedTuple):
    """A folded ledger: the state, the last record, and every fact with its place and time."""

    state: State
    head: Head
    records: list[Told]


def read_ledger(settings: "Settings") -> Ledger:
    """Fold the whole ledger. One that cannot be folded is named, with the record at which it breaks."""
    reader = open_reader(ledger_path(settings))
    state, records, head = State(), [], EMPTY
    try:
        for head, told in folded(settings, reader, state):  # noqa: B007 - the last one is where it stands
            records.append(told)
    finally:
        reader.close()
    return Ledger(state, head, records)


def folded(settings: "Settings", reader: Reader, state: State, first: int = 1) -> Iterator[tuple[Head, Told]]:
    """Fold records into the state from the first one on, and tell each with where the ledger stands then."""
    for record in reader.records(first):
        try:
            fact = decode_fact(record.kind, record.version, record.body)
            evolve(state, record.ts, fact)
        except (InvariantBroken, msgspec.MsgspecError, KeyError) as error:
            raise _broken(settings, record.seq, error) from error
        yield Head(record.seq, record.hash, record.ts), (record.seq, record.ts, fact)


def asking_now(settings: "Settings") -> tuple[Ledger, int]:
    """What people are asked, and the time by which it ends: that of the running desk, whose clock may be its own."""
    status = standing(settings)
    if not status["running"]:
        raise CommandError(
            "not_running",
            "The desk does not run, so nobody is there to take an answer",
            why="An assent rests on the market and the limits of this moment, and only a running desk knows them",
            todo="Start it with `assent run`; what still waits then can be answered until its time is over",
            exit_code=Exit.NOT_RUNNING,
        )
    return read_ledger(settings), int(status["now_ts"])


def now_of(settings: "Settings", head: Head) -> int:
    """What time it is for this desk: by its own clock when it runs."""
    answer = ask(settings.control_path, {"cmd": "status"})
    if answer is not None and answer.get("ok"):
        return int(answer["status"]["now_ts"])
    return max(head.ts, WallClock().now())


def standing(settings: "Settings") -> Status:
    """The status of the desk, from itself when it runs, else from its ledger."""
    answer = ask(settings.control_path, {"cmd": "status"})
    if answer is None:
        return resting(settings)
    if not answer.get("ok"):
        raise CommandError(
            "no_answer",
            f"The running desk gave no status: {answer.get('error', 'no reason given')}",
            why="Something holds the control socket and does not answer",
            todo="Try again; if it stays so, look with `assent doctor`",
            exit_code=Exit.UNKNOWN,
        )
    status: Status = answer["status"]
    return status


def resting(settings: "Settings") -> Status:
    """The status of a desk that answers nobody, from its ledger; of one that never ran, an empty one."""
    try:
        ledger = read_ledger(settings)
    except CommandError as error:
        if error.code != "never_ran":
            raise
        ledger = Ledger(State(), EMPTY, [])
    now = max(ledger.head.ts, WallClock().now())
    status = status_of(
        ledger.state, settings_name=settings.name, path=settings.ledger_path, head=ledger.head, running=False, pid=None,
        now=now,
    )  # fmt: skip
    status["now_ts"] = now
    if not ledger.head.seq:  # no seal says it yet
        status |= {key: getattr(settings, key) for key in ("mode", "venue", "environment", "account")}
    status["kill_switch"] = switch_now(settings)
    book = read_book(settings.state_dir / FILE_NAME) if settings.mode == "observe" else None
    if book is not None:
        status["shadow"] = summary_of(book)
    return status


def switch_now(settings: "Settings") -> Status:
    """How the kill switch stands from here: in the environment of this command, which need not be the desk's own."""
    from assent.app.switch import switch_of

    return switch_status(switch_of(settings), os.environ)


def ledger_path(settings: "Settings") -> Path:
    """Where the desk's ledger lies. That there is none is no fault where nothing is left of one: it never ran."""
    path = settings.ledger_path
    if path.exists() or left_of(path):
        return path
    raise CommandError(
        "never_ran",
        f"There is no ledger at {path}",
        why=f"This desk has never run in mode {settings.mode}, so there is nothing to tell",
        todo="Start it with `assent run`, or name its folder with -C and its mode with --mode",
    )


def _broken(settings: "Settings", seq: int, error: Exception) -> CommandError:
    return CommandError(
        "ledger_unreadable",
        f"Record {seq} of {settings.ledger_path} does not follow from those before it ({error})",
        why="State is a fold of the ledger, so nothing can be told from one that does not fold",
        todo="Run `assent ledger verify`, keep the file, and restore a copy that verifies",
        exit_code=Exit.FOUND,
    )
