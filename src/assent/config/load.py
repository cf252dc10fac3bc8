"""From a desk's folder to its settings, or to everything that is wrong with its file, all at once.

What the table does not know, or what does not fit it, is refused with key, value, what is allowed and an example.
Nothing is guessed or rounded. A strategy that does not ship is loaded here, since its own table checks its options.
"""

import codecs
import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from assent.config.environment import from_environment
from assent.config.kinds import Kind, KindError, find, offers
from assent.config.misread import A_FILE, no_desk_here, no_toml
from assent.config.origins import Origin, lines_of
from assent.config.problems import ConfigError, Problem, shown_name, shown_value
from assent.config.settings import Settings, StrategySettings, settings_from
from assent.config.table import (
    PLUGIN_SETTINGS,
    SCOPE,
    SETTINGS,
    STRATEGIES_MAX,
    STRATEGY_OPTIONS,
    STRATEGY_SETTINGS,
)
from assent.config.together import misfits
from assent.config.unfit import Unfit
from assent.config.values import Setting, allowed_words, read_value, shown
from assent.model.errors import AssentError

FILE_NAME: Final = "assent.toml"
FILE_BYTES_MAX: Final = 1 << 20
NAMES_SHOWN: Final = 12
DEMO_SEED: Final = 7
DEMO_TEMPLATE: Final = "kalshi-paper"
# What a demo chooses for itself; every limit, and the strategy, are the shipped template's. A cycle of a minute, since
# nobody waits for it.
DEMO_CHOICES: Final[Mapping[str, Any]] = MappingProxyType(
    {"desk.name": "demo", "desk.account": "demo", "runtime.cycle": "1m"}
)


class Loaded(NamedTuple):
    """Settings, and for each value by its dotted name what it is and where it came from."""

    settings: Settings
    values: Mapping[str, tuple[Setting, Any]]
    origins: Mapping[str, Origin]


def load(
    root: Path,
    *,
    overrides: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    plugins: bool = True,
    file_name: str = FILE_NAME,
) -> Settings:
    """The settings of the desk in `root`; see `read_all`."""
    return read_all(root, overrides=overrides, environment=environment, plugins=plugins, file_name=file_name).settings


def read_all(
    root: Path,
    *,
    overrides: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    plugins: bool = True,
    text: str | None = None,
    file_name: str = FILE_NAME,
) -> Loaded:
    """The settings of the desk in `root`, with the origin of each.

    `overrides` ("desk.mode": "observe") win over `environment`, that wins over the file, and all are as strict.
    Without `plugins` no stranger's code runs: who only looks or stops must not depend on it, and gets such a strategy
    without its options. `text` stands for the file's content, to try a change before it is written.
    `file_name`: another file beside it, to be looked at and never to be run.
    """
    root = root.absolute()
    reading = _Reading(root / file_name)
    document = reading.document(text)
    if reading.problems:
        raise ConfigError(reading.problems)
    values = reading.values(document, dict(overrides or {}), environment or {})
    reading.fit_together(values)
    strategies = reading.strategies(document.get("strategy"), mode=reading.said.get("desk.mode"), plugins=plugins)
    if reading.problems:
        whole = None not in values.values() and len(values) == len(SETTINGS)
        raise ConfigError(reading.problems, read=settings_from(root, values, strategies) if whole else None)
    known = {_dotted_name(setting): (setting, values[_dotted_name(setting)]) for setting in SETTINGS}
    return Loaded(settings_from(root, values, strategies), known | reading.of_strategies, reading.origins)


def demo_of(settings: Settings, root: Path, *, seed: int) -> Settings:
    """A demo of somebody's own desk: its limits and its strategies, on paper, with the demo's account and folder."""
    return replace(
        settings, root=root.absolute(), mode="paper", environment="sim", account="demo", exchange_seed=seed, demo=True
    )


def with_strategy(settings: Settings, kind: Kind) -> Settings:
    """The same with this plug-in, by its own defaults, instead of its strategies."""
    options: dict[str, Any] = {option.key: option.default for option in kind.options}
    alone = StrategySettings(kind=kind.name, name=kind.name, options=MappingProxyType(options), plugin=kind)
    return replace(settings, strategies=(alone,))


def template_path(template: str) -> Path:
    """Where a template that ships with the package lies."""
    return Path(str(resources.files("assent") / "templates" / f"{template}.toml"))


def demo_settings(root: Path, *, seed: int = DEMO_SEED) -> Settings:
    """A demo needs no file of its own: it lives under the shipped template, in the world of this seed."""
    template = template_path(DEMO_TEMPLATE)
    shipped = load(template.parent, overrides=DEMO_CHOICES, file_name=template.name)
    return demo_of(shipped, root, seed=seed)


class _Reading:
    """One pass over one file, which gathers problems as it goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self.origins: dict[str, Origin] = {}
        # What was asked for, by whoever won, before anybody judged it.
        self.said: dict[str, object] = {}
        self.of_strategies: dict[str, tuple[Setting, Any]] = {}

    def document(self, text: str | None) -> dict[str, Any]:
        """The file as TOML, or a problem that names the line."""
        if text is None:
            try:
                with self.path.open("rb") as file:
                    data = file.read(FILE_BYTES_MAX + 1)
            except (FileNotFoundError, NotADirectoryError):
                self._add("the whole file", "", "there is no such file", *no_desk_here(self.path))
                return {}
            except OSError as error:
                return self._unreadable(f"it cannot be read: {error.strerror}", f"chmod u+r {FILE_NAME}")
        else:
            data = text.encode()
        if len(data) > FILE_BYTES_MAX:
            return self._unreadable(f"it is larger than {FILE_BYTES_MAX} bytes", "a few dozen lines")
        if data.startswith(codecs.BOM_UTF8):
            return self._unreadable(
                "it begins with a byte order mark, which TOML does not know", "save it as UTF-8 without a BOM"
            )
        said = ""
        try:
            # As Python reads text anywhere: a file from Windows has the same lines.
            said = data.decode().replace("\r\n", "\n")
            read = tomllib.loads(said)
        except UnicodeDecodeError as error:
            return self._unreadable(f"byte {error.start} is not UTF-8 text", "save it as UTF-8")
        except (ValueError, RecursionError) as error:  # tomllib also lets a plain ValueError pass, for endless numbers
            self.problems.append(no_toml(str(self.path), said, error))
            return {}
        self.lines = lines_of(said)
        return read

    def values(
        self, document: Mapping[str, Any], overrides: Mapping[str, object], environment: Mapping[str, str]
    ) -> dict[str, Any]:
        """A checked value for every setting, by its dotted name."""
        self._complain_of_strangers(document, overrides)
        variables, problems = from_environment(environment)
        self.problems += problems
        found: dict[str, Any] = {}
        for setting in SETTINGS:
            dotted = _dotted_name(setting)
            section = document.get(setting.section)
            inside = section if isinstance(section, dict) else {}
            if dotted in overrides:
                self.origins[dotted] = Origin("command line")
                raw, place = overrides[dotted], "the command line"
            elif dotted in variables:
                variable, raw = variables[dotted]
                self.origins[dotted] = Origin("environment", variable)
                place = f"the environment, {variable}"
            elif setting.key in inside:
                self.origins[dotted] = self._here(dotted)
                raw, place = inside[setting.key], ""
            elif setting.default is None:
                self._missing(setting, dotted)
                continue
            else:
                self.origins[dotted] = Origin("default")
                found[dotted] = self.said[dotted] = setting.default
                continue
            self.said[dotted] = raw
            found[dotted] = self._value(setting, dotted, raw, place=place)
        scope = [found.get(f"scope.{key}") for key in SCOPE]
        if all(names == () for names in scope):
            self._add(
                "scope", "", "an empty scope allows nothing, so the desk could never trade",
                "at least one name in markets, events or series", '[scope]\nseries = ["KXHIGHSIM"]',
            )  # fmt: skip
        return found

    def fit_together(self, values: Mapping[str, Any]) -> None:
        """What is right by itself and wrong beside the rest."""
        for misfit in misfits(values, self.origins):
            where = self.origins[misfit.key]
            outside = {"environment": f"the environment, {where.place}", "command line": "the command line"}
            value = shown(self.said[misfit.key]) if where.where != "default" else ""
            place = outside.get(where.where, "")
            self._add(misfit.key, value, misfit.why, misfit.allowed, misfit.example, place=place)

    def strategies(self, tables: object, *, mode: object, plugins: bool) -> tuple[StrategySettings, ...]:
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
        read: list[StrategySettings] = []
        for number, table in enumerate(tables, start=1):
            where = f"strategy[{number}]"
            strategy = self._strategy(where, table, mode=mode, plugins=plugins)
            if strategy is None:
                continue
            if strategy.name in {other.name for other in read}:
                self._add(
                    f"{where}.name", shown(strategy.name), "another strategy has this name",
                    "each name once", f'name = "{strategy.name}-2"',
                )  # fmt: skip
            read.append(strategy)
        return tuple(read)

    def _strategy(
        self, where: str, table: Mapping[str, Any], *, mode: object, plugins: bool
    ) -> StrategySettings | None:
        before = len(self.problems)
        kind = self._kind(where, table, plugins=plugins)
        if kind is None:
            return None
        if isinstance(kind, str) and kind not in STRATEGY_OPTIONS:
            return self._unopened(where, table, kind)
        plugin = kind if isinstance(kind, Kind) else None
        own = (*PLUGIN_SETTINGS, *plugin.options) if plugin else STRATEGY_OPTIONS[str(kind)]
        settings = (*STRATEGY_SETTINGS[1:], *own)
        names = [setting.key for setting in (*STRATEGY_SETTINGS, *own)]
        for key in table:
            if key not in names:
                self._stranger(f"{where}.{key}", table[key], key, names, _ask_options, own)
        values = {setting.key: self._of_table(where, table, setting) for setting in settings}
        digest = values.pop("digest", "")
        if plugin and (fault := unlisted(mode, plugin, digest)):
            example = f'digest = "{plugin.digest}"'
            self._add(f"{where}.digest", shown(digest) if digest else "", fault, f'"{plugin.digest}"', example)
        if len(self.problems) > before:
            return None
        name = values.pop("name")
        told = {setting.key: setting for setting in settings}
        for key, value in values.items():
            self.of_strategies[f"strategy.{name}.{key}"] = (told[key], value)
            self.origins[f"strategy.{name}.{key}"] = self._of_line(f"{where}.{key}")
        kind_name = plugin.name if plugin else str(kind)
        self.of_strategies[f"strategy.{name}.kind"] = (STRATEGY_SETTINGS[0], kind_name)
        self.origins[f"strategy.{name}.kind"] = self._of_line(f"{where}.kind")
        return StrategySettings(kind=kind_name, name=name, options=MappingProxyType(values), plugin=plugin)

    def _kind(self, where: str, table: Mapping[str, Any], *, plugins: bool) -> Kind | str | None:
        """The plug-in, or the name of a kind that ships or is not opened; None after a problem."""
        setting = STRATEGY_SETTINGS[0]
        raw = table.get("kind", setting.default)
        if not isinstance(raw, str):
            self._value(setting, f"{where}.kind", raw)
            return None
        if not plugins:
            return raw
        try:
            return find(self.path.parent, raw) or raw
        except KindError as error:
            near = difflib.get_close_matches(raw, [offer.name for offer in offers(self.path.parent)], n=1)
            advice = f"; did you mean `{near[0]}`?" if near and near[0] != raw else ""
            known = [f'"{name}"' for name in dict.fromkeys(offer.name for offer in offers(self.path.parent))]
            example = f'kind = "{setting.default}"' if error.unknown else error.todo
            self._add(f"{where}.kind", shown(raw), f"{error.what}: {error.why}{advice}", " or ".join(known), example)
            return None

    def _unopened(self, where: str, table: Mapping[str, Any], kind: str) -> StrategySettings | None:
        """A plug-in whose code was not asked for: its name, and no option."""
        name = self._of_table(where, table, STRATEGY_SETTINGS[1])
        return None if name is None else StrategySettings(kind=kind, name=name, options=MappingProxyType({}))

    def _of_table(self, where: str, table: Mapping[str, Any], setting: Setting) -> Any:
        dotted = f"{where}.{setting.key}"
        if setting.key in table:
            return self._value(setting, dotted, table[setting.key])
        if setting.default is None:
            self._missing(setting, dotted)
        return setting.default

    def _here(self, dotted: str) -> Origin:
        return Origin("file", str(self.path), self.lines.get(dotted))

    def _of_line(self, dotted: str) -> Origin:
        return self._here(dotted) if dotted in self.lines else Origin("default")

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
            if dotted not in {_dotted_name(setting) for setting in SETTINGS}:
                raise AssentError(f"the program overrides {dotted!r}, which is no setting")

    def _stranger(
        self,
        where: str,
        value: object,
        key: str,
        known: Sequence[str],
        allowed: Callable[[Iterable[str]], str],
        own: Sequence[Setting] = (),
    ) -> None:
        """An unknown name, with the nearest known one, or the section that it belongs to."""
        homes = [setting for setting in SETTINGS if setting.key == key]
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        if homes:
            advice, example = f"it belongs in [{homes[0].section}]", f"{key} = {homes[0].example}"
        elif near:
            advice, example = f"did you mean `{near[0]}`?", _example_of(near[0], own)
        else:
            advice, example = "nothing similar is known", _example_of(known[0], own)
        self._add(where, shown_value(key, value), f"unknown name; {advice}", allowed(known), example)

    def _value(self, setting: Setting, dotted: str, raw: object, *, place: str = "") -> Any:
        try:
            return read_value(setting, raw)
        except Unfit as unfit:
            example = f"{setting.key} = {setting.example}"
            self._add(dotted, shown_value(dotted, raw), str(unfit), allowed_words(setting), example, place=place)
            return None

    def _missing(self, setting: Setting, dotted: str) -> None:
        example = f"{setting.key} = {setting.example}"
        why = f"it is missing, and nobody else can know it: {setting.sentence}"
        self._add(dotted, "", why, allowed_words(setting), example)

    def _unreadable(self, why: str, example: str) -> dict[str, Any]:
        self._add("the whole file", "", why, A_FILE, example)
        return {}

    def _add(self, key: str, value: str, why: str, allowed: str, example: str, *, place: str = "") -> None:
        line = None if place else self.lines.get(key)
        self.problems.append(Problem(place or str(self.path), shown_name(key), value, why, allowed, example, line))


def unlisted(mode: object, plugin: Kind, digest: str) -> str | None:
    """Why this plug-in may not be loaded: live takes only those that the file lists by digest, no mode a wrong one."""
    if digest and digest != plugin.digest:
        return f"{plugin.source} has another digest: it was changed since it was listed"
    if mode == "live" and not digest:
        return f"live loads only plug-ins that are listed by digest, and {plugin.source} is not"
    return None


def _dotted_name(setting: Setting) -> str:
    return f"{setting.section}.{setting.key}"


def _keys_by_section() -> dict[str, list[str]]:
    known: dict[str, list[str]] = {}
    for setting in SETTINGS:
        known.setdefault(setting.section, []).append(setting.key)
    return known


def _example_of(name: str, own: Sequence[Setting]) -> str:
    """How a known key is written, or, for a section, its head. A strategy's own options come first."""
    everywhere = (*own, *SETTINGS, *STRATEGY_SETTINGS)
    for setting in everywhere:
        if setting.key == name:
            return f"{name} = {setting.example}"
    return "[[strategy]]" if name == "strategy" else f"[{name}]"


def _ask_options(known: Iterable[str]) -> str:
    names = list(known)
    more = f" and {len(names) - NAMES_SHOWN} more: docs/settings.md" if len(names) > NAMES_SHOWN else ""
    return "one of " + ", ".join(names[:NAMES_SHOWN]) + more


def _ask_sections(known: Iterable[str]) -> str:
    return "the sections " + ", ".join("[[strategy]]" if name == "strategy" else f"[{name}]" for name in known)
