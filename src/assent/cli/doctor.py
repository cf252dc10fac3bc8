"""`assent doctor`: is everything there that a run needs, and is what is there still true? Exit 1 if something is not.

It looks and does not mend. To see whether this disk takes a ledger it makes a database in a temporary folder beside
the desk; to see whether the lease is free it takes it for a moment.
"""

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click

from assent.cli.exits import Exit
from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.words import line, when
from assent.config import ConfigError, Settings
from assent.config.capability import cannot_go_live
from assent.desk.state import Halt
from assent.ledger.check import check_seal
from assent.ledger.errors import LedgerBusy, LedgerError, LedgerMismatch
from assent.ledger.lease import Lease
from assent.ledger.place import REMOTE, file_system_of, mounts
from assent.ledger.verify import SQLITE_NEEDED, CannotRead
from assent.model.change import LimitChange, changes_between, in_one_line, verdict_of
from assent.runtime import broken, lastwords
from assent.runtime.control import ask

FREE_BYTES_MIN: Final = 256 << 20
PYTHON_MIN: Final = (3, 11)


class Finding(NamedTuple):
    """`ok` None: worth knowing, neither good nor bad."""

    check: str
    ok: bool | None
    found: str
    todo: str = ""


@click.command(name="doctor", short_help="Check the desk and its surroundings.")
@desk_options
def command(folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Check Python, SQLite, the disk, the settings, the ledger, the lease, and what the watchdog last said."""
    findings = list(examine(folder, mode))
    healthy = all(finding.ok is not False for finding in findings)
    if as_json:
        say_json({"healthy": healthy, "findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            say(_lines(finding))
        say("All is well." if healthy else "Something is wrong; nothing was changed.")
    return Exit.OK if healthy else Exit.FOUND


def examine(folder: Path, mode: str | None) -> Iterator[Finding]:
    """Surroundings first, then the desk, as far as its settings can be read."""
    yield _python()
    yield _sqlite()
    yield from _disk(folder)
    try:
        settings = settings_of(folder, mode=mode, plugins=True)
    except ConfigError as error:
        for problem in error.problems:
            said = " ".join(word for word in (problem.key, problem.value) if word)
            yield Finding("settings", False, f"{said}: {problem.why}", f"for example: {problem.example}")
        return
    yield Finding("settings", True, f"{settings.name}: mode {settings.mode}, {settings.venue} {settings.environment}")
    yield from _live(settings)
    for examination in OF_A_DESK:
        yield from examination(settings)


def _live(settings: Settings) -> Iterator[Finding]:
    """What keeps the venue from going live, and what this mode lacks for a start."""
    from assent.app.obstacles import obstacles

    line = cannot_go_live(settings.venue, settings.environment)
    if line is not None:
        yield Finding("live", None, line)
    for obstacle in obstacles(settings):
        yield Finding(obstacle.name, False, obstacle.found, obstacle.todo)
    if settings.key is not None and not list(obstacles(settings)):
        yield Finding("key", True, f"the key that mode {settings.mode} loads can sign")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info[:2] >= PYTHON_MIN, version, "install Python 3.11 or newer")


def _sqlite() -> Finding:
    fit = sqlite3.sqlite_version_info >= SQLITE_NEEDED
    return Finding("sqlite", fit, sqlite3.sqlite_version, "use a Python whose SQLite is 3.37 or newer")


def _disk(folder: Path) -> Iterator[Finding]:
    """The folder, its disk, and whether a database in the ledger's way of writing works there."""
    if not folder.is_dir():
        yield Finding("folder", False, f"{folder} is no folder", "name the desk's with -C, or make one: assent init")
        return
    place = folder.resolve()
    mode = stat.S_IMODE(place.stat().st_mode)
    safe = not mode & (stat.S_IWGRP | stat.S_IWOTH)
    others = "only its owner writes there" if safe else "others may write there, and so change settings and ledger"
    yield Finding("folder", safe, f"{place}: {others}", f"chmod go-w {place}")
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("writing", False, f"{place} may not be written to", "mend its permissions, or its owner")
        return
    kind = file_system_of(place, mounts())
    remote = kind in REMOTE
    yield Finding("disk", not remote, f"file system {kind or 'unknown'}", "put the desk on a local disk")
    free = shutil.disk_usage(place).free
    yield Finding("space", free >= FREE_BYTES_MIN, f"{free >> 20} MiB free", f"free {FREE_BYTES_MIN >> 20} MiB or more")
    yield _writes_ahead(place)


def _writes_ahead(place: Path) -> Finding:
    try:
        with tempfile.TemporaryDirectory(dir=place, prefix=".doctor-") as scratch:
            connection = sqlite3.connect(Path(scratch) / "try.sqlite", isolation_level=None)
            try:
                found = connection.execute("PRAGMA journal_mode = wal").fetchone()[0]
                connection.execute("CREATE TABLE try (n INTEGER) STRICT")
            finally:
                connection.close()
    except (sqlite3.Error, OSError) as error:
        return Finding("write-ahead log", False, f"a database cannot be made here: {error}", "use a local disk")
    return Finding("write-ahead log", found == "wal", f"SQLite answers {found!r}", "use a local disk")


def _lease(settings: Settings) -> Iterator[Finding]:
    """Held and answering is a run; held and silent wants a person."""
    if not settings.ledger_path.exists():
        yield Finding("lease", True, "free: this desk has not run in this mode")
        return
    try:
        Lease.take(settings.ledger_path).release()
    except LedgerBusy as busy:
        answers = ask(settings.control_path, {"cmd": "status"}) is not None
        said = f"{busy.held_by} holds it and {'answers' if answers else 'does not answer'}"
        yield Finding("lease", answers, said, "it starts, ends or hangs: look at that process")
    except LedgerError as error:
        yield Finding("lease", False, error.what, error.todo)
    else:
        yield Finding("lease", True, "free: the desk is not running")


def _ledger(settings: Settings) -> Iterator[Finding]:
    """Whole, ours, and what it says of the desk."""
    from assent.cli.proof import prove

    path = settings.ledger_path
    if not path.exists():
        yield Finding("ledger", True, f"none yet; the first run makes {path}")
        return
    try:
        found = prove(path)
    except (CannotRead, LedgerError) as error:
        yield Finding("ledger", False, str(error), "assent ledger verify")
        return
    if not found["intact"]:
        first = found["findings"][0]
        place = "the file" if first["seq"] is None else f"seq {first['seq']}"
        yield Finding("ledger", False, f"{place}: {first['what']}", "keep it as evidence, restore a copy that verifies")
        return
    yield Finding("ledger", True, f"{found['records']} records and {found['states']} marked states hold")
    yield Finding("anchors", found["anchors"] > 0 or None, f"{found['anchors']} hold; keep copies on another machine")
    yield from _standing(settings)


def _standing(settings: Settings) -> Iterator[Finding]:
    """The seal against the settings, and the level."""
    from assent.cli.reading import read_ledger

    state = read_ledger(settings).state
    seal = state.seal
    if seal is not None:
        wanted = {
            "mode": settings.mode, "venue": settings.venue, "environment": settings.environment,
            "account": settings.account,
        }  # fmt: skip
        try:
            check_seal({name: getattr(seal, name) for name in wanted}, wanted)
        except LedgerMismatch as error:
            said = f"its {error.field} is {error.found!r}, the settings say {error.expected!r}"
            yield Finding("seal", False, said, "put the settings back as they were sealed, or make a new desk")
        else:
            yield Finding("seal", True, f"the settings are those that ledger {seal.ledger_id} was sealed with")
        yield _limits(changes_between(seal.constitution, settings.constitution))
    halts = ", ".join(_halt(halt) for halt in state.halts.values()) or "no halt stands"
    yield Finding("level", True if not state.halts else None, f"{state.level.name}: {halts}")


def _halt(halt: Halt) -> str:
    """Its cause, and until when it is set aside: a start keeps to that."""
    return f"{halt.cause} (override until {when(halt.override.until_ts)})" if halt.override else halt.cause


def _limits(changes: tuple[LimitChange, ...]) -> Finding:
    """What the file would change of the limits in force."""
    verdict, said = verdict_of(changes), "; ".join(in_one_line(change) for change in changes)
    if verdict == "looser":
        return Finding("limits", False, f"the next start is refused: {said}", "assent constitution diff")
    if verdict == "tighter":
        return Finding("limits", None, f"the next start takes what the file tightens: {said}")
    if verdict == "neither":
        return Finding("limits", None, f"the next start takes what the file says otherwise: {said}")
    return Finding("limits", True, "the file says the limits that are in force")


def _kill_switch(settings: Settings) -> Iterator[Finding]:
    """Whether it is set from here, and whether the env file that was named is there."""
    from assent.cli.reading import switch_now

    switch = switch_now(settings)
    if switch["set"]:
        what = "only exits leave" if switch["allows_exits"] else "no order leaves"
        yield Finding("kill switch", None, f"SET, so {what}: {switch['detail']}")
    else:
        yield Finding("kill switch", True, f"clear: {switch['variable']} and {switch['file']} are not set from here")
    if switch["env_file"] and not switch["set"] and not Path(switch["env_file"]).exists():
        said = f"{switch['env_file']} is not there, so nothing in it can stop the desk"
        yield Finding("env file", False, said, "correct runtime.kill_switch_env_file, or make the file")


def _broken(settings: Settings) -> Iterator[Finding]:
    """Whether the last run ended on a broken promise of our own."""
    what = broken.noted(settings.state_dir)
    if what is not None:
        said = f"the last run ended on a broken promise of our code: {what}"
        yield Finding("invariant", False, said, "report it; the next start halts for it, until a person resumes")


def _watchdog(settings: Settings) -> Iterator[Finding]:
    """What ended the last runs, if it was the watchdog."""
    deaths = lastwords.LastWords.read(settings.state_dir / lastwords.FILE_NAME)
    if not deaths:
        yield Finding("watchdog", True, "it had nothing to end since the last clean stop")
        return
    last = deaths[-1]
    said = (
        f"{len(deaths)} runs ended by it; the last {when(last.ts)}: {last.cause} in strategy {last.strategy or 'none'}"
        f" on {last.input} ({last.measured}, limit {last.limit})"
    )
    yield Finding("watchdog", False, said, "mend that strategy; three times on one input lock the desk")


OF_A_DESK: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    _lease,
    _ledger,
    _kill_switch,
    _broken,
    _watchdog,
)


def _lines(finding: Finding) -> list[str]:
    mark = {True: "ok  ", False: "BAD ", None: "note"}[finding.ok]
    lines = [f"{mark}  {finding.check:<16}{line(finding.found)}"]
    if finding.ok is False and finding.todo:
        lines.append(f"{'':<22}-> {line(finding.todo)}")
    return lines
