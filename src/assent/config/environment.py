"""Settings from the environment: `ASSENT_SET_RUNTIME_CYCLE=5s` says `[runtime] cycle` where a file is awkward.

Limits are never taken from there: what binds money stands in the file that its owner sealed. Nor is where the kill
switch is looked for, since a stray variable must not be able to unplug it, nor whether orders are sent, and where to.
A variable with our prefix that names no setting is refused, since a typo must not look like a setting that was heard.
"""

import difflib
from collections.abc import Mapping
from typing import Final, NamedTuple

from assent.config.problems import Problem, shown_name, shown_value
from assent.config.table import SETTINGS
from assent.config.values import Setting, from_text

PREFIX: Final = "ASSENT_SET_"
SEALED: Final = frozenset(("scope", "constitution"))
_SWITCH: Final = "kill_switch"
# What decides whether orders reach somebody's exchange, and whose.
_MONEY: Final = frozenset(("desk.dry_run", "desk.environment", "kalshi.box_url"))


class Said(NamedTuple):
    """What a variable says, as TOML would have it."""

    variable: str
    raw: object


def variable_of(setting: Setting) -> str:
    """The variable that may say this setting."""
    return f"{PREFIX}{setting.section}_{setting.key}".upper()


def may_say(setting: Setting) -> bool:
    """Whether a variable may say this setting at all."""
    return (
        setting.section not in SEALED
        and not setting.key.startswith(_SWITCH)
        and f"{setting.section}.{setting.key}" not in _MONEY
    )


def from_environment(environment: Mapping[str, str]) -> tuple[dict[str, Said], list[Problem]]:
    """The settings that variables say, by dotted name, and what is wrong with the variables' names."""
    known = {variable_of(setting): setting for setting in SETTINGS}
    said: dict[str, Said] = {}
    problems: list[Problem] = []
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        setting = known.get(name)
        if setting is None:
            problems.append(_stranger(name, environment[name], known))
        elif not may_say(setting):
            problems.append(_sealed(name, environment[name], setting))
        else:
            said[f"{setting.section}.{setting.key}"] = Said(name, from_text(setting, environment[name]))
    return said, problems


def _stranger(name: str, text: str, known: Mapping[str, Setting]) -> Problem:
    free = [variable for variable, setting in known.items() if may_say(setting)]
    near = difflib.get_close_matches(name, free, n=1, cutoff=0.6)
    advice = f"did you mean `{near[0]}`?" if near else "nothing similar is known"
    likely = near[0] if near else free[0]
    return Problem(
        "the environment", shown_name(name), shown_value(name, text), f"unknown name; {advice}",
        "one of " + ", ".join(free), f"{likely}={known[likely].example.strip(chr(34))}",
    )  # fmt: skip


def _sealed(name: str, text: str, setting: Setting) -> Problem:
    what = "a limit" if setting.section in SEALED else "the kill switch's place"
    if f"{setting.section}.{setting.key}" in _MONEY:
        what = "what decides whether orders reach an exchange, and which,"
    return Problem(
        "the environment", name, shown_value(name, text),
        f"{what} is never taken from the environment: it stands in the file, where its owner put it",
        f"[{setting.section}] in the file", f"[{setting.section}]\n{setting.key} = {setting.example}",
    )  # fmt: skip
