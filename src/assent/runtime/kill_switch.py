"""The owner's kill switch, read from outside: a variable, in our own environment and in the service's env file, and a
sentinel file.

It promises that what cannot be read counts as set: a switch that fails must fail closed. Nothing is decided here; the
desk is told how the switch stands, at its start before anything is released, and whenever that has changed.

A running process keeps the environment that it was started with, so the two files are what works while it runs. In the
env file the last line of a name wins, as it does for a shell and for systemd.
"""

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from assent.model.inputs import KillSwitchSeen
from assent.model.text import shown

# What leaves the switch clear, besides not being there at all. Anything else sets it, an empty value too.
CLEAR: Final = frozenset(("0", "false", "no", "off"))
ENV_FILE_BYTES_MAX: Final = 1 << 20

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_QUOTED = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)')\s*(?:[#;].*)?""")


class Reading(NamedTuple):
    """How it stands, and every reason why: where it is set, or where it could not be read."""

    is_set: bool
    detail: str


class KillSwitch(NamedTuple):
    """Where to look, and what it stops."""

    variable: str
    env_file: Path | None
    sentinel: Path
    allows_exits: bool = False

    def read(self, environment: Mapping[str, str]) -> Reading:
        """All three places; one that is set is enough."""
        reasons = [
            reason
            for reason in (self._in_environment(environment), self._in_env_file(), self._by_sentinel())
            if reason is not None
        ]
        return Reading(bool(reasons), "; ".join(reasons))

    def seen(self, environment: Mapping[str, str], now: int) -> KillSwitchSeen:
        """The same as an input for the desk."""
        found = self.read(environment)
        return KillSwitchSeen(found.is_set, self.allows_exits, shown(found.detail, 200), now)

    def _in_environment(self, environment: Mapping[str, str]) -> str | None:
        value = environment.get(self.variable)
        return None if value is None or is_clear(value) else f"{self.variable} is {_told(value)} in the environment"

    def _in_env_file(self) -> str | None:
        if self.env_file is None:
            return None
        try:
            if not stat.S_ISREG(self.env_file.stat().st_mode):  # reading a pipe would hang the desk
                return f"the env file {self.env_file} is not a plain file"
            with self.env_file.open("rb") as file:
                data = file.read(ENV_FILE_BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            return f"the env file {self.env_file} cannot be read: {getattr(error, 'strerror', None) or error}"
        if len(data) > ENV_FILE_BYTES_MAX:
            return f"the env file {self.env_file} is larger than {ENV_FILE_BYTES_MAX} bytes"
        return self._in_text(data.decode("utf-8-sig", "replace"))

    def _in_text(self, text: str) -> str | None:
        found: str | None = None
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip().startswith(("#", ";")):
                continue
            match = _LINE.fullmatch(line)
            name, value = (match[1], value_of(match[2])) if match else ("", line)
            if name == self.variable:
                clear = is_clear(value)
                found = None if clear else f"{self.variable} is {_told(value)} in the env file {self.env_file}"
            elif re.search(rf"\b{re.escape(self.variable)}\b", value):
                found = f"line {number} of the env file names {self.variable} in a way that cannot be read"
        return found

    def _by_sentinel(self) -> str | None:
        try:
            self.sentinel.lstat()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            return f"{self.sentinel} cannot be looked for: {getattr(error, 'strerror', None) or error}"
        return f"{self.sentinel} is there"


def is_clear(value: str) -> bool:
    return value.strip().lower() in CLEAR


def value_of(text: str) -> str:
    """What stands right of the `=`: in quotes as it is, else up to a comment."""
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return quoted[1] if quoted[1] is not None else quoted[2]
    return re.split(r"\s[#;]", f" {text}", maxsplit=1)[0].strip()


def _told(value: str) -> str:
    return f"`{shown(value, 20)}`" if value.strip() else "empty (to clear it, unset it or say 0)"
