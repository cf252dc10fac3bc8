"""What is wrong with a configuration, told with everything that mends it, and with nothing that must stay secret."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from assent.config.values import shown
from assent.model.errors import AssentError

if TYPE_CHECKING:
    from assent.config.settings import Settings

# A name that promises a secret. No setting of ours is one, so its value has no business in a file, nor on a screen.
_SECRET: Final = re.compile(r"secret|passw|passphrase|token|credential|private|api_?key|\bkey\b|pem\b", re.IGNORECASE)
# What a value looks like that is one, whatever its name: a key's head, a line of its text, a password in an address.
_SECRET_TEXT: Final = re.compile(r"-----BEGIN|PRIVATE KEY|[A-Za-z0-9+/]{48}|//[^/]*:[^/]*@")


class Problem(NamedTuple):
    """One thing that is wrong, with what a person needs to mend it."""

    file: str
    key: str
    value: str
    why: str
    allowed: str
    example: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        head = f"{self.key} = {self.value}" if self.value else self.key
        example = self.example.replace("\n", "\n" + " " * 13)
        return f"{place}: {head}\n    why:     {self.why}\n    allowed: {self.allowed}\n    example: {example}"


class ConfigError(AssentError):
    """The configuration cannot be used. Holds every problem that was found, not only the first.

    `read`: where each value could be read and only the whole does not fit, what they come to. It is there to say what
    else would be missing for a start, and must never be run.
    """

    code = "config"

    def __init__(self, problems: Sequence[Problem], *, read: "Settings | None" = None) -> None:
        self.problems = tuple(problems)
        self.read = read
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        shown_all = "\n".join(f"  {problem}".replace("\n", "\n  ") for problem in problems)
        super().__init__(f"The configuration has {count}, so nothing was started:\n{shown_all}\nMend and try again.")


def shown_name(key: str) -> str:
    """A key as it stands in the file, made inert: a file may be hostile, a terminal is gullible."""
    return key if key.isascii() and key.isprintable() and len(key) <= 80 else shown(key)


def shown_value(key: str, value: object) -> str:
    """A value for a person, unless its name or its looks say that nobody should see it."""
    secret = _SECRET.search(key) or (isinstance(value, str) and _SECRET_TEXT.search(value))
    return "(not shown)" if secret else shown(value)
