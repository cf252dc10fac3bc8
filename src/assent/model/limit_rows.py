"""Every limit of a constitution with all that there is to say of it: for the command line, the API and the pages."""

from typing import Any, Final

import msgspec

from assent.model.change import SCOPE, stated
from assent.model.constitution import LIMITS, LISTS, Constitution, Kind, in_use

# How the tighter direction of a limit is said.
TIGHTER: Final = {"lower": "less", "higher": "more", "fewer": "fewer names", "more": "more, or higher"}


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """One limit: its value as a number or plain data and as a file says it, and its default."""

    key: str
    section: str
    value: Any
    unit: Kind
    said: str
    default_said: str
    off: bool
    tighter: str
    sentence: str


def limit_rows(constitution: Constitution) -> list[LimitRow]:
    """In the order of the table."""
    defaults = Constitution()
    rows = []
    for limit in LIMITS:
        value = getattr(constitution, limit.key)
        rows.append(
            LimitRow(
                key=limit.key,
                section="scope" if limit.key in SCOPE else "constitution",
                value=msgspec.to_builtins(value) if limit.kind in LISTS else value,
                unit=limit.kind,
                said=stated(limit, value),
                default_said=stated(limit, getattr(defaults, limit.key)),
                off=limit.optional and not in_use(constitution, (limit.key,)),
                tighter=TIGHTER[limit.tighter],
                sentence=limit.sentence,
            )
        )
    return rows
