"""One start that keeps to less than the scope: named on the command line, recorded with the start, gone with the next.

A market must then be in both, so a start can never trade more than the constitution allows. A name that cannot lie in
the scope at all is refused: whoever wrote it meant to widen, and that is an amendment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from assent.config.settings import Settings
from assent.config.table import SCOPE
from assent.config.unfit import Unfit
from assent.config.values import Setting, read_value, shown
from assent.model.constitution import Narrowing
from assent.model.errors import AssentError

NAMES_MAX: Final = 100
_NAMES: Final = Setting("scope", "names", "names", 0, NAMES_MAX, (), "[]", "What one start keeps to.")
# A name of a kind may lie within a name of another: a market in its event, an event in its series, and a series that is
# named may be that of an event or market in the scope.
_MAY_LIE_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "markets": ("events", "series"),
    "events": ("markets", "series"),
    "series": ("markets", "events"),
}


class ScopeWidened(AssentError):
    """A start was asked to trade what its constitution does not allow."""

    code = "scope_widened"


class NarrowingUnfit(AssentError):
    """What was given is no list of names."""

    code = "narrowing_unfit"


def narrowed(settings: Settings, asked: Mapping[str, Sequence[str]]) -> Settings:
    """The same desk, to be started with only these markets, events and series of its scope; as it is when none is."""
    names = {kind: tuple(dict.fromkeys(asked.get(kind, ()))) for kind in SCOPE}
    if not any(names.values()):
        return settings
    for kind, said in names.items():
        try:
            read_value(_NAMES, list(said))
        except Unfit as unfit:
            raise NarrowingUnfit(
                f"The {kind} that this start should keep to are no list of names: {unfit}. A start is recorded with"
                f" them, so each must be one. Give at most {NAMES_MAX}, with commas between them."
            ) from None
        _refuse_wider(settings, kind, said)
    return replace(settings, narrowed=Narrowing(**names))


def _refuse_wider(settings: Settings, kind: str, names: Sequence[str]) -> None:
    allowed = getattr(settings.constitution, kind)
    outside = [name for name in names if name not in allowed]
    if not outside or any(getattr(settings.constitution, other) for other in _MAY_LIE_IN[kind]):
        return
    listed = ", ".join(allowed) or "none"
    raise ScopeWidened(
        f"{shown(outside[0])} is not among the {kind} of the scope ({listed}), so nothing was started. A start may only"
        " narrow the scope that was sealed. To widen it, change [scope] in the file and have a named person amend it:"
        " assent constitution amend --by NAME --reason REASON"
    )
