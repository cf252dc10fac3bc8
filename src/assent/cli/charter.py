"""What `assent constitution` works on: the limits in force, found in the ledger or the file, and their rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from assent.cli.exits import CommandError
from assent.cli.options import settings_of
from assent.cli.reading import read_ledger
from assent.cli.words import table
from assent.config import FILE_NAME, load
from assent.model import limit_rows as model_rows
from assent.model.change import LimitChange, changes_between
from assent.model.constitution import Constitution
from assent.model.facts import ConstitutionChanged

if TYPE_CHECKING:
    from assent.config import Settings

IN_FORCE: Final = "the limits in force"
THE_FILE: Final = "the file"


class InForce(NamedTuple):
    """The limits that hold, where they stand, and every recorded change with its place and time."""

    source: str
    digest: str
    constitution: Constitution
    history: list[tuple[int, int, ConstitutionChanged]]

    def told(self) -> dict[str, Any]:
        return {
            "source": "ledger" if self.source == IN_FORCE else "file",
            "digest": self.digest,
            "history": [
                {
                    "seq": seq, "ts": ts, "digest": change.digest, "how": change.how, "by": change.by,
                    "reason": change.reason, "changes": [one.key for one in change.changes],
                }
                for seq, ts, change in self.history
            ],
        }  # fmt: skip


def in_force(settings: "Settings") -> InForce:
    """What the ledger says, or the file where there is no ledger yet."""
    try:
        ledger = read_ledger(settings)
    except CommandError as error:
        if error.code != "never_ran":
            raise
        return InForce(THE_FILE, settings.constitution.digest(), settings.constitution, [])
    seal = ledger.state.seal
    if seal is None:
        return InForce(THE_FILE, settings.constitution.digest(), settings.constitution, [])
    history = [(seq, ts, fact) for seq, ts, fact in ledger.records if isinstance(fact, ConstitutionChanged)]
    return InForce(IN_FORCE, seal.constitution_digest, seal.constitution, history)


def other_limits(place: Path, mode: str | None) -> Constitution:
    """The limits of a desk's folder, or of one file."""
    if place.is_dir() or place.name == FILE_NAME:
        return settings_of(place if place.is_dir() else place.parent, mode=mode).constitution
    return load(place.parent, file_name=place.name, plugins=False).constitution


def limit_rows(now: Constitution, file: Constitution) -> list[dict[str, Any]]:
    """Every limit with all that there is to say of it; `file` only where the file says something else."""
    differing = {change.key: change for change in changes_between(now, file)}
    rows = []
    for limit in model_rows.limit_rows(now):
        row = msgspec.structs.asdict(limit)
        changed = differing.get(limit.key)
        if changed:
            row["file"] = {"said": changed.new, "becomes": changed.becomes}
        rows.append(row)
    return rows


def change_lines(changes: tuple[LimitChange, ...]) -> list[str]:
    """One line a limit, aligned."""
    return table([(c.becomes.upper(), c.key, c.old, "->", c.new) for c in changes])
