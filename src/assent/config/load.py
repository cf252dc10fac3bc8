"""From a desk's folder to its settings, or to everything that is wrong with its file, all at once.

What the table does not know, or what does not fit it, is refused with key, value, what is allowed and an example.
Nothing is guessed, rounded, or taken from the environment.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from assent.config.settings import Settings, StrategySettings
from assent.config.table import SCOPE, SETTINGS, STRATEGIES_MAX, STRATEGY_OPTIONS, STRATEGY_SETTINGS
from assent.config.values import Setting, Unfit, allowed_words, read_value, shown
from assent.model.constitution import LIMITS, Constitution
from assent.model.errors import AssentError
from assent.model.units import MICRO, MINUTE

FILE_NAME: Final = "assent.toml"
FILE_BYTES_MAX: Final = 1 << 20
DEMO_SEED: Final = 7
# A demo's own choices: limits tight enough that one day shows several rules at work, and a cycle of a minute.
DEMO_CHOICES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "desk.name": "demo",
        "desk.account": "demo",
        "scope.series": ("KXHIGHSIM",),
        "constitution.edge_min": 40_000,
        "constitution.open_positions_max": 3,
        "constitution.total_exposure_max": 15 * MICRO,
        "runtime.cycle": MINUTE,
    }
)


class Problem(NamedTuple):
    """One thing that is wrong, with what a person needs to mend it."""

    file: str
    key: str
    value: str
    why: str
    allowed: str
    example: str

    def __str__(self) -> str:
        head = f"{self.key} = {self.value}" if self.value else self.key
        example = self.example.replace("\n", "\n" + " " * 13)
        return f"{self.file}: {head}\n    why:     {self.why}\n    allowed: {self.allowed}\n    example: {example}"


class ConfigError(AssentError):
    """The configuration cannot be used. Holds every problem that was found, not only the first."""

    code = "config"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        shown_all = "\n".join(f"  {problem}".replace("\n", "\n  ") for problem in problems)
        super().__init__(f"The configuration has {count}, so nothing was started:\n{shown_all}\nMend and try again.")


def load(root: Path, *, overrides: Mapping[str, object] | None = None, file_name: str = FILE_NAME) -> Settings:
    """The settings of the desk in `root`. `overrides` ("desk.mode": "observe") win over the file and are as strict.

    `file_name`: another file beside it, to be looked at and never to be run.
    """
    root = root.absolute()
    reading = _Reading(root / file_name)
    document = reading.document()
    if reading.problems:
        raise ConfigError(reading.problems)
    values = reading.values(document, dict(overrides or {}))
    strategies = reading.strategies(document.get("strategy"))
    if reading.problems:
        raise ConfigError(reading.problems)
    return _settings(root, values, strategies)


def demo_settings(root: Path, *, seed: int = DEMO_SEED) -> Settings:
    """A demo needs no file: its own choices, every other default, and one strategy."""
    values = {f"{setting.section}.{setting.key}": setting.default for setting in SETTINGS}
    values |= {**DEMO_CHOICES, "exchange.seed": seed}
    options: dict[str, Any] = {option.key: option.default for option in STRATEGY_OPTIONS["threshold"]}
    strategy = StrategySettings(kind="threshold", name="value", options=MappingProxyType(options))
    return _settings(root.absolute(), values, (strategy,), demo=True)


def _settings(
    root: Path, values: Mapping[str, Any], strategies: tuple[StrategySettings, ...], *, demo: bool = False
) -> Settings:
    return Settings(
        root=root,
        name=values["desk.name"],
        mode=values["desk.mode"],
        venue=values["desk.venue"],
        environment=values["desk.environment"],
        account=values["desk.account"],
        constitution=Constitution(**{limit.key: values[_dotted(limit.key)] for limit in LIMITS}),
        strategies=strategies,
        cash=values["paper.cash"],
        cycle_ns=values["runtime.cycle"],
        exchange_seed=values["exchange.seed"],
        hang_max_ns=values["runtime.hang_max"],
        memory_max_mib=values["runtime.memory_max_mib"],
        kill_switch_env=values["runtime.kill_switch_env"],
        kill_switch_env_file=values["runtime.kill_switch_env_file"],
        kill_switch_file=values["runtime.kill_switch_file"],
        kill_switch_allows_exits=values["runtime.kill_switch_allows_exits"],
        demo=demo,
    )


class _Reading:
    """One pass over one file, which gathers problems as it goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def document(self) -> dict[str, Any]:
        """The file as TOML, or a problem that names the line."""
        try:
            with self.path.open("rb") as file:
                data = file.read(FILE_BYTES_MAX + 1)
        except FileNotFoundError:
            return self._unreadable("there is no such file", "assent init my-desk --template kalshi-paper")
        except OSError as error:
            return self._unreadable(f"it cannot be read: {error.strerror}", f"chmod u+r {FILE_NAME}")
        if len(data) > FILE_BYTES_MAX:
            return self._unreadable(f"it is larger than {FILE_BYTES_MAX} bytes", "a few dozen lines")
        try:
            return tomllib.loads(data.decode())
        except UnicodeDecodeError as error:
            return self._unreadable(f"byte {error.start} is not UTF-8 text", "save it as UTF-8")
        except (ValueError, RecursionError) as error:  # tomllib also lets a plain ValueError pass, for endless numbers
            return self._unreadable(f"it is not TOML: {error}", '[desk]\nname = "my-desk"')

    def values(self, document: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
        """A checked value for every setting, by its dotted name."""
        self._complain_of_strangers(document, overrides)
        found: dict[str, Any] = {}
        for setting in SETTINGS:
            dotted = f"{setting.section}.{setting.key}"
            section = document.get(setting.section)
            inside = section if isinstance(section, dict) else {}
            if dotted in overrides:
                found[dotted] = self._value(setting, dotted, overrides[dotted], place="the command line")
            elif setting.key in inside:
                found[dotted] = self._value(setting, dotted, inside[setting.key])
            elif setting.default is None:
                self._missing(setting, dotted)
            else:
                found[dotted] = setting.default
        scope = [found.get(f"scope.{key}") for key in SCOPE]
        if all(names == () for names in scope):
            self._add(
                "scope", "", "an empty scope allows nothing, so the desk could never trade",
                "at least one name in markets, events or series", '[scope]\nseries = ["KXHIGHSIM"]',
            )  # fmt: skip
        return found

    def strategies(self, tables: object) -> tuple[StrategySettings, ...]:
        """The `[[strategy]]` tables, in their order."""
        example = '[[strategy]]\nkind = "threshold"\nname = "value"'
        if tables is None:
            self._add("strategy", "", "there is none, so nothing would ever be proposed", "one to 32 tables", example)
            return ()
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            why = "it is not a list of tables: the brackets are double"
            self._add("strategy", shown(tables), why, "one to 32 tables with double brackets", example)
            return ()
        if not 1 <= len(tables) <= STRATEGIES_MAX:
            self._add("strategy", f"{len(tables)} tables", "too few or too many", f"1 to {STRATEGIES_MAX}", example)
            return ()
        found = [self._strategy(f"strategy[{number}]", table) for number, table in enumerate(tables, start=1)]
        read = tuple(strategy for strategy in found if strategy is not None)
        names = [strategy.name for strategy in read]
        for number, name in enumerate(names, start=1):
            if name in names[: number - 1]:
                self._add(
                    f"strategy[{number}].name", shown(name), "another strategy has this name",
                    "each name once", f'name = "{name}-2"',
                )  # fmt: skip
        return read

    def _strategy(self, where: str, table: Mapping[str, Any]) -> StrategySettings | None:
        before = len(self.problems)
        kind_setting = STRATEGY_SETTINGS[0]
        kind = self._value(kind_setting, f"{where}.kind", table.get("kind", kind_setting.default))
        if kind is None:
            return None
        settings = STRATEGY_SETTINGS + STRATEGY_OPTIONS[kind]
        for key in table:
            if key not in {setting.key for setting in settings}:
                self._stranger(f"{where}.{key}", table[key], key, [setting.key for setting in settings], _ask_options)
        values: dict[str, Any] = {}
        for setting in settings:
            dotted = f"{where}.{setting.key}"
            if setting.key in table:
                values[setting.key] = self._value(setting, dotted, table[setting.key])
            elif setting.default is None:
                self._missing(setting, dotted)
            else:
                values[setting.key] = setting.default
        if len(self.problems) > before:
            return None
        kind, name = values.pop("kind"), values.pop("name")
        return StrategySettings(kind=kind, name=name, options=MappingProxyType(values))

    def _complain_of_strangers(self, document: Mapping[str, Any], overrides: Mapping[str, object]) -> None:
        """Sections and keys that the table does not know; a typo must not turn a limit into its default."""
        known = _keys_by_section()
        for name, content in document.items():
            if name == "strategy":
                continue
            if name not in known:
                self._stranger(name, content, name, [*known, "strategy"], _ask_sections)
            elif not isinstance(content, dict):
                example = next(setting for setting in SETTINGS if setting.section == name)
                self._add(
                    name, shown(content), "this is the name of a section, not of a value",
                    "a section in brackets", f"[{name}]\n{example.key} = {example.example}",
                )  # fmt: skip
            else:
                for key in content:
                    if key not in known[name]:
                        self._stranger(f"{name}.{key}", content[key], key, known[name], _ask_options)
        for dotted in overrides:
            if dotted not in {f"{setting.section}.{setting.key}" for setting in SETTINGS}:
                raise AssentError(f"the program overrides {dotted!r}, which is no setting")

    def _stranger(
        self, where: str, value: object, key: str, known: Sequence[str], allowed: Callable[[Iterable[str]], str]
    ) -> None:
        """An unknown name, with the nearest known one, or the section that it belongs to."""
        homes = [setting for setting in SETTINGS if setting.key == key]
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        if homes:
            advice, example = f"it belongs in [{homes[0].section}]", f"{key} = {homes[0].example}"
        elif near:
            advice, example = f"did you mean `{near[0]}`?", _example_of(near[0])
        else:
            advice, example = "nothing similar is known", _example_of(known[0])
        self._add(where, shown(value), f"unknown name; {advice}", allowed(known), example)

    def _value(self, setting: Setting, dotted: str, raw: object, *, place: str = "") -> Any:
        try:
            return read_value(setting, raw)
        except Unfit as unfit:
            example = f"{setting.key} = {setting.example}"
            self._add(dotted, shown(raw), str(unfit), allowed_words(setting), example, place=place)
            return None

    def _missing(self, setting: Setting, dotted: str) -> None:
        example = f"{setting.key} = {setting.example}"
        why = f"it is missing, and nobody else can know it: {setting.sentence}"
        self._add(dotted, "", why, allowed_words(setting), example)

    def _unreadable(self, why: str, example: str) -> dict[str, Any]:
        self._add("the whole file", "", why, "a TOML file with the desk's settings", example)
        return {}

    def _add(self, key: str, value: str, why: str, allowed: str, example: str, *, place: str = "") -> None:
        self.problems.append(Problem(place or str(self.path), shown_name(key), value, why, allowed, example))


def shown_name(key: str) -> str:
    """A key as it stands in the file, made inert: a file may be hostile, a terminal is gullible."""
    return key if key.isascii() and key.isprintable() and len(key) <= 80 else shown(key)


def _dotted(limit: str) -> str:
    return f"scope.{limit}" if limit in SCOPE else f"constitution.{limit}"


def _keys_by_section() -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for setting in SETTINGS:
        known.setdefault(setting.section, []).append(setting.key)
    return known


def _example_of(name: str) -> str:
    """How a known key is written, or, for a section, its head."""
    everywhere = (*SETTINGS, *STRATEGY_SETTINGS, *(s for options in STRATEGY_OPTIONS.values() for s in options))
    for setting in everywhere:
        if setting.key == name:
            return f"{name} = {setting.example}"
    return "[[strategy]]" if name == "strategy" else f"[{name}]"


def _ask_options(known: Iterable[str]) -> str:
    return "one of " + ", ".join(known)


def _ask_sections(known: Iterable[str]) -> str:
    return "the sections " + ", ".join("[[strategy]]" if name == "strategy" else f"[{name}]" for name in known)
