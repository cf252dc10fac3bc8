"""One value of a file against one line of a table: the checked value, or `Unfit` with the reason.

Money and prices are text, since TOML's own decimals become floats; durations are text, since a bare number has no
unit. A bool is not a number here, and nothing is rounded to fit.
"""

import re
import tomllib
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from assent.config.policies import read_bands, read_people
from assent.config.reach import read_host, read_networks
from assent.config.unfit import Unfit, type_word
from assent.model.change import band_text, person_text
from assent.model.constitution import MONEY_MOST, Drift, Theme, Tier
from assent.model.errors import AssentError
from assent.model.intents import Score
from assent.model.policy import Band, Person
from assent.model.units import MICRO, UNITS, format_bps, format_duration, format_micros, format_percent, parse_micros

Kind = Literal[
    "money", "price", "qty", "ppm", "count", "duration", "flag", "names", "scores", "themes", "tiers", "name", "choice",
    "digest", "variable", "path", "loopback", "url", "drift", "bands", "people", "host", "networks",
]  # fmt: skip
Value = (
    int | str | Drift | tuple[str, ...] | tuple[Score, ...] | tuple[Theme, ...] | tuple[Tier, ...] | tuple[Band, ...]
    | tuple[Person, ...]
)  # fmt: skip
OFF: Final = "off"

NAME_CHARS_MAX: Final = 120

_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_PERCENT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,4})?%")
THEME_CHARS_MAX = 1_000
_SCORE = re.compile(r"([a-z][a-z0-9_]{0,39})=([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_TIER = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)=([0-9]{1,9}(?:\.[0-9]{1,6})?)")
_BPS = re.compile(r"([0-9]{1,5})bps")
BPS_MOST: Final = 10_000
_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(
    r"(?:https://[A-Za-z0-9.-]{1,200}(?::[1-9][0-9]{0,4})?|http://(?:127\.0\.0\.1|\[::1\]):[1-9][0-9]{0,4})"
    r"/[A-Za-z0-9._~/%?=&-]{0,200}"
)
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})")
_MARKET_NAME = re.compile(r"[!-~]+")


class Setting(NamedTuple):
    """One thing that a file may say. `default` None: it must be said. `later`: known words of a later version.
    `optional`: a file may say that it is off, which is its default."""

    section: str
    key: str
    kind: Kind
    least: int
    most: int
    default: Value | None
    example: str
    sentence: str
    choices: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    optional: bool = False


def read_value(setting: Setting, raw: object) -> Value:
    """The value as the program uses it: micros, nanoseconds, a whole number, text, names."""
    if setting.optional and raw == OFF and setting.default is not None:
        return setting.default
    return _READERS[setting.kind](setting, raw)


def allowed_words(setting: Setting) -> str:
    """What the setting may say, for a person."""
    least, most = setting.least, setting.most
    words: dict[Kind, str] = {
        "money": f'text in dollars, "{format_micros(least)}" to "{format_micros(most)}", at most six decimals',
        "price": f'text in dollars for one contract, "{format_micros(least)}" to "{format_micros(most)}"',
        "qty": f'text in contracts, "{format_micros(least, 0)}" to "{format_micros(most, 0)}", at most six decimals',
        "ppm": f'text in percent, "{format_percent(least)}" to "{format_percent(most)}", at most four decimals',
        "count": f"a whole number, {least} to {most}",
        "flag": "true or false",
        "duration": f'text of a whole number and a unit (ms, s, m, h, d), "{format_duration(least)}" to '
        f'"{format_duration(most)}"',
        "names": f"a list of at most {most} names, each in quotes and once",
        "scores": f'a list of at most {most} texts, each a name with its least value: "confidence=75%"',
        "themes": f'a list of at most {most} texts, each a name with its series: "weather=KXHIGHNY,KXHIGHCHI"',
        "tiers": f'a list of at most {most} texts, each equity below which, and risk for each trade: "2500.00=12.00"',
        "drift": f'text in dollars for one contract, "{format_micros(least)}" to "{format_micros(most)}", or in basis '
        f'points of its price, "0bps" to "{format_bps(BPS_MOST)}"',
        "bands": f'a list of at most {most} texts: "open needs 1", or "open from 50.00 needs 2"',
        "people": f'a list of at most {most} texts, each a person with identities: "ada=os:ada,token:phone"',
        "host": "text of an address by number, or `localhost`",
        "networks": f'a list of at most {most} texts, each an address or a network: "192.168.1.0/24"',
        "name": f"text of {least} to {most} letters, digits, dots, dashes and underscores",
        "variable": f"text of {least} to {most} letters, digits and underscores, no digit first",
        "path": f"text of {least} to {most} characters, the path of a file",
        "url": "text of `https://`, a host and a path, or of `http://127.0.0.1:`, a port and a path",
        "loopback": "text of `http://127.0.0.1:` or `http://[::1]:` and a port",
        "choice": " or ".join(f'"{choice}"' for choice in setting.choices),
        "digest": "text of `sha256:` and 64 digits and letters a to f",
    }
    return words[setting.kind] + (f', or "{OFF}"' if setting.optional else "")


def written(setting: Setting, value: object) -> str:
    """A checked value as a file says it: what `read_value` took, the other way round."""
    if setting.optional and value == setting.default:
        return f'"{OFF}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{_entry(one)}"' for one in value) + "]"
    if isinstance(value, Drift):
        return f'"{format_bps(value.amount) if value.unit == "bps" else format_micros(value.amount)}"'
    if isinstance(value, int) and setting.kind != "count":
        return f'"{_FORMATS[setting.kind](value)}"'
    return str(value) if isinstance(value, int) else f'"{value}"'


def from_text(setting: Setting, text: str) -> object:
    """What TOML would have made of a value that came as bare text, from a command line or the environment."""
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if (
        setting.kind not in ("count", "flag", "names", "scores", "themes", "tiers", "bands", "people", "networks")
        or bare == OFF
    ):
        return bare
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _entry(one: object) -> str:
    if isinstance(one, Score):
        return f"{one.name}={format_percent(one.ppm)}"
    if isinstance(one, Theme):
        return f"{one.name}={','.join(one.series)}"
    if isinstance(one, Tier):
        return f"{format_micros(one.below)}={format_micros(one.risk_max)}"
    if isinstance(one, Band):
        return band_text(one)
    if isinstance(one, Person):
        return person_text(one)
    return str(one)


def parse_duration(text: str) -> int | None:
    """Nanoseconds, or None where this is not a whole number with a unit."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * UNITS[match[2]] if match else None


def shown(value: object) -> str:
    """A value of a file, short and inert in a terminal."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists without end
        return "(too large to show)"
    if isinstance(value, str):
        text = '"' + text[1:-1] + '"'
    elif isinstance(value, bool):
        text = text.lower()
    return text if len(text) <= 60 else text[:57] + "..."


def _decimal(setting: Setting, raw: object) -> int:
    what, unit = _DECIMALS[setting.kind]
    if isinstance(raw, float):
        raise Unfit(f"{what} is text: a bare decimal becomes a float, and a float cannot hold it exactly")
    if not isinstance(raw, str):
        raise Unfit(f"{what} is text in {unit}; {type_word(raw)} has no unit")
    if not _DECIMAL.fullmatch(raw):
        raise Unfit(f"{what} is digits with at most six decimals, without a sign for the unit")
    try:
        micros = parse_micros(raw)
    except AssentError as error:
        raise Unfit(str(error)) from None
    return _within(setting, micros)


def _drift(setting: Setting, raw: object) -> Drift:
    """A bare number could be dollars, percent or basis points; so could `5%`. Neither is guessed at."""
    if isinstance(raw, str) and raw.endswith("bps"):
        match = _BPS.fullmatch(raw)
        if match is None or int(match[1]) > BPS_MOST:
            raise Unfit(f"basis points are a whole number of at most {BPS_MOST} and `bps`, without a space between")
        return Drift(int(match[1]), "bps")
    if isinstance(raw, str) and raw.endswith("%"):
        raise Unfit(
            "percent of what is not clear: of a dollar or of the price; the one is said in dollars, the other in bps"
        )
    return Drift(_decimal(setting, raw), "price")


def _percent(setting: Setting, raw: object) -> int:
    if not isinstance(raw, str) or not _PERCENT.fullmatch(raw):
        raise Unfit("a part of a whole is text in percent, with its sign and at most four decimals")
    return _within(setting, parse_micros(raw[:-1]) // 100)


def _flag(_setting: Setting, raw: object) -> bool:
    if type(raw) is not bool:
        raise Unfit(f"it is {type_word(raw)}, not true or false")
    return raw


def _count(setting: Setting, raw: object) -> int:
    if type(raw) is not int:
        raise Unfit(f"it is {type_word(raw)}, not a whole number")
    return _within(setting, raw)


def _duration(setting: Setting, raw: object) -> int:
    if not isinstance(raw, str):
        raise Unfit(f"a duration is text with its unit; {type_word(raw)} has none")
    ns = parse_duration(raw)
    if ns is None:
        unit = " it has no unit" if raw.isdecimal() else " it is not a whole number with one of our units"
        raise Unfit(f"as a duration{unit}")
    return _within(setting, ns)


def _names(setting: Setting, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise Unfit(f"it is {type_word(raw)}, not a list")
    if len(raw) > setting.most:
        raise Unfit(f"it holds {len(raw)} names")
    for number, name in enumerate(raw, start=1):
        if not isinstance(name, str):
            raise Unfit(f"entry {number} is {type_word(name)}, not a name")
        if not _MARKET_NAME.fullmatch(name) or len(name) > NAME_CHARS_MAX:
            raise Unfit(f"entry {number} is empty, longer than {NAME_CHARS_MAX}, or holds spaces or unusual signs")
        if name in raw[: number - 1]:
            raise Unfit(f"entry {number} stands there twice, so another one may be missing")
    return tuple(raw)


def _scores(setting: Setting, raw: object) -> tuple[Score, ...]:
    if not isinstance(raw, list):
        raise Unfit(f"it is {type_word(raw)}, not a list")
    if len(raw) > setting.most:
        raise Unfit(f"it holds {len(raw)} scores")
    found: list[Score] = []
    for number, text in enumerate(raw, start=1):
        match = _SCORE.fullmatch(text) if isinstance(text, str) else None
        ppm = parse_micros(match[2]) // 100 if match else MICRO + 1
        if match is None or ppm > MICRO:
            raise Unfit(f"entry {number} is not a name, `=`, and a part of at most 100%")
        if any(score.name == match[1] for score in found):
            raise Unfit(f"entry {number} names a score for the second time")
        found.append(Score(match[1], ppm))
    return tuple(found)


def _themes(setting: Setting, raw: object) -> tuple[Theme, ...]:
    if not isinstance(raw, list):
        raise Unfit(f"it is {type_word(raw)}, not a list")
    if len(raw) > setting.most:
        raise Unfit(f"it holds {len(raw)} themes")
    found: list[Theme] = []
    for number, text in enumerate(raw, start=1):
        name, equals, members = text.partition("=") if isinstance(text, str) else ("", "", "")
        series = [one.strip() for one in members.split(",")]
        if not equals or not all(_MARKET_NAME.fullmatch(one) for one in (name, *series)):
            raise Unfit(f"entry {number} is not a name, `=`, and series with commas between them")
        if len(text) > THEME_CHARS_MAX:
            raise Unfit(f"entry {number} is longer than {THEME_CHARS_MAX} characters")
        if len(set(series)) < len(series):
            raise Unfit(f"entry {number} names a series twice, so another one may be missing")
        if any(theme.name == name for theme in found):
            raise Unfit(f"entry {number} has the name of another theme")
        found.append(Theme(name, tuple(series)))
    return tuple(found)


def _tiers(setting: Setting, raw: object) -> tuple[Tier, ...]:
    if not isinstance(raw, list):
        raise Unfit(f"it is {type_word(raw)}, not a list")
    if len(raw) > setting.most:
        raise Unfit(f"it holds {len(raw)} tiers")
    found: list[Tier] = []
    for number, text in enumerate(raw, start=1):
        match = _TIER.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise Unfit(f"entry {number} is not an amount of equity, `=`, and an amount of risk")
        tier = Tier(parse_micros(match[1]), parse_micros(match[2]))
        if max(tier.below, tier.risk_max) > MONEY_MOST:
            raise Unfit(f"entry {number} is larger than any account that this software is for")
        if any(other.below == tier.below for other in found):
            raise Unfit(f"entry {number} is below the same equity as another one")
        found.append(tier)
    return tuple(found)


def _name(setting: Setting, raw: object) -> str:
    if not isinstance(raw, str):
        raise Unfit(f"it is {type_word(raw)}, not text")
    if not setting.least <= len(raw) <= setting.most:
        raise Unfit(f"it has {len(raw)} characters")
    if not _NAME.fullmatch(raw):
        raise Unfit("it must begin with a letter or digit and hold no spaces or other signs")
    return raw


def _variable(setting: Setting, raw: object) -> str:
    if not isinstance(raw, str):
        raise Unfit(f"it is {type_word(raw)}, not text")
    if not setting.least <= len(raw) <= setting.most:
        raise Unfit(f"it has {len(raw)} characters")
    if not _VARIABLE.fullmatch(raw):
        raise Unfit("no shell could set a variable of that name")
    return raw


def _path(setting: Setting, raw: object) -> str:
    if not isinstance(raw, str):
        raise Unfit(f"it is {type_word(raw)}, not text")
    if not setting.least <= len(raw) <= setting.most:
        raise Unfit(f"it has {len(raw)} characters")
    if not raw.isprintable() or raw != raw.strip() or raw.endswith("/"):
        raise Unfit("it holds what no name of a file should, or is that of a folder")
    if raw.startswith("~") or "$" in raw:
        raise Unfit("`~` and `$` are a shell's; here nothing would be put in their place")
    return raw


def _loopback(_setting: Setting, raw: object) -> str:
    """An address of this machine by number: a name could be made to lead elsewhere."""
    match = _LOOPBACK.fullmatch(raw) if isinstance(raw, str) else None
    if match is None or int(match[2]) > 65_535:
        raise Unfit("it is no plain address of this machine, and an exchange in the box is nowhere else")
    return match[0]


def _url(setting: Setting, raw: object) -> str:
    """Encrypted, or on this machine; and without a name and password in it, which would end up in logs."""
    if not isinstance(raw, str) or not _URL.fullmatch(raw) or len(raw) > setting.most:
        raise Unfit("it is no plain address of a list, encrypted or on this machine")
    return raw


def _choice(setting: Setting, raw: object) -> str:
    if isinstance(raw, str) and raw in setting.choices:
        return raw
    if isinstance(raw, str) and raw in setting.later:
        raise Unfit(f"`{raw}` does not exist in this version: nothing here can trade there")
    raise Unfit(f"it is {type_word(raw)}, not text" if not isinstance(raw, str) else "it is none of the known words")


def _digest(_setting: Setting, raw: object) -> str:
    if not isinstance(raw, str) or not _DIGEST.fullmatch(raw):
        raise Unfit("it is not the digest of a plug-in's source")
    return raw


def _within(setting: Setting, value: int) -> int:
    if value < setting.least:
        raise Unfit("it is less than the least that is allowed")
    if value > setting.most:
        raise Unfit("it is more than the most that is allowed")
    return value


_DECIMALS: dict[Kind, tuple[str, str]] = {
    "money": ("an amount of money", "dollars"),
    "price": ("a price", "dollars"),
    "drift": ("a move of a price", "dollars or with `bps`"),
    "qty": ("a quantity", "contracts"),
}
_FORMATS: dict[Kind, Callable[[int], str]] = {
    "money": format_micros,
    "price": format_micros,
    "qty": lambda value: format_micros(value, 0),
    "ppm": format_percent,
    "duration": format_duration,
}

_READERS: dict[Kind, Callable[[Setting, object], Value]] = {
    "money": _decimal,
    "price": _decimal,
    "qty": _decimal,
    "ppm": _percent,
    "drift": _drift,
    "count": _count,
    "duration": _duration,
    "flag": _flag,
    "names": _names,
    "scores": _scores,
    "themes": _themes,
    "tiers": _tiers,
    "bands": lambda setting, raw: read_bands(raw, setting.most),
    "people": lambda setting, raw: read_people(raw, setting.most),
    "host": lambda _, raw: read_host(raw),
    "networks": lambda setting, raw: read_networks(raw, setting.most),
    "name": _name,
    "variable": _variable,
    "path": _path,
    "loopback": _loopback,
    "url": _url,
    "choice": _choice,
    "digest": _digest,
}
