"""Where strategies come from: those that ship, one file each in the desk's folder, and installed packages.

A kind is looked up by name among all three; a name that two of them offer is refused, since nobody could say which one
trades. A plug-in is its owner's code: whatever it does while it is loaded becomes a `KindError` that says where.
What it does later cannot be fenced in here: see docs/writing-a-strategy.md.
"""

import re
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module, util
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from assent.config.table import STRATEGY_OPTIONS, options_of
from assent.config.unfit import Unfit
from assent.config.values import Setting, read_value
from assent.desk.strategy import HOOKS, Strategy
from assent.model.errors import AssentError
from assent.model.text import shown
from assent.runtime.build import source_digest, text_digest
from assent.strategy.options import Option, Options

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "assent.strategies"
FOLDER: Final = "strategies"
FILE_BYTES_MAX: Final = 1 << 20
OPTIONS_MAX: Final = 64
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED: Final = frozenset(("kind", "name", "digest"))

Build = Callable[[str, Options], Strategy]


class KindError(AssentError):
    """A plug-in cannot be used: what happened, why we refuse, what to do."""

    code = "strategy_plugin"

    def __init__(self, what: str, *, why: str, todo: str, unknown: bool = False) -> None:
        self.unknown = unknown
        self.what = what
        self.why = why
        self.todo = todo
        super().__init__(f"{what}. {why}. {todo}.")


class Kind(NamedTuple):
    """A strategy that does not ship with us, loaded: where it came from, its digest, its options, how it is built."""

    name: str
    source: str
    digest: str
    summary: str
    options: tuple[Setting, ...]
    build: Build

    def make(self, name: str, options: Options) -> Strategy:
        """A strategy of this kind under its own name; what its owner's code does wrong is told as such."""
        try:
            strategy = self.build(name, options)
            given = getattr(strategy, "name", None)
            hooks = [hook for hook in HOOKS if callable(getattr(strategy, hook, None))]
        except BaseException as error:  # boundary: its owner's code may raise anything; see `_said`
            said = _said(error, self.source)
            raise KindError(
                f"{self.source}: build() raised {said}",
                why="A desk does not start without all the strategies that its file names",
                todo="Mend the file, and run its test",
            ) from error
        if given != name:
            raise _unfit(self.source, f"build() was asked for the name {name!r} and gave {shown(given, 60)}")
        if not hooks:
            raise _unfit(self.source, f"what build() gave has none of the methods {', '.join(HOOKS)}")
        return strategy


class Offer(NamedTuple):
    """A place that has a kind to offer, not yet loaded: nothing of a stranger's runs before it is asked for."""

    name: str
    source: str
    load: Callable[[], Kind] | None


def offers(root: Path) -> list[Offer]:
    """Everything that a desk in `root` could name, the shipped first, then its own files, then packages."""
    shipped = [Offer(name, "shipped", None) for name in STRATEGY_OPTIONS]
    folder = root / FOLDER
    files = sorted(folder.glob("*.py")) if folder.is_dir() else []
    own = [_file_offer(path) for path in files if not path.name.startswith(("test_", "_", "conftest."))]
    # Loaded only here: it takes longer than everything else that a look at a desk's status loads.
    points: Iterable[EntryPoint] = import_module("importlib.metadata").entry_points(group=GROUP)
    return [*shipped, *own, *sorted(map(_package_offer, points), key=lambda one: one[:2])]


def find(root: Path, name: str) -> Kind | None:
    """The plug-in of this name, loaded; None for one that ships. `KindError` when nobody or more than one has it."""
    having = [offer for offer in offers(root) if offer.name == name]
    if not having:
        raise KindError(
            f"no strategy is called {shown(name, 60)}",
            why=f"it is none of the known words: there is no {FOLDER}/{shown(name, 60)}.py beside the desk's file, and "
            "no installed package offers it",
            todo=f"assent strategy new {name if NAME.fullmatch(name) else 'mine'}",
            unknown=True,
        )
    if len(having) > 1:
        raise clash(having)
    load = having[0].load
    return load() if load else None


def clash(having: Iterable[Offer]) -> KindError:
    """Two places offer one name."""
    first, *others = having
    places = ", ".join(offer.source for offer in (first, *others))
    return KindError(
        f"the name {first.name} is offered more than once: {places}",
        why="the name is taken, and nobody could say which of them trades",
        todo="rename the file, or remove the package",
    )


def load_file(path: Path) -> Kind:
    """One file as a kind. It is read once, so that what is digested is what is run."""
    name, source = path.stem, str(path)
    if not NAME.fullmatch(name):
        raise KindError(
            f"{source} cannot be a strategy's file",
            why="Its name is the kind that a desk's file says: small letters, digits and underscores, at most 40",
            todo="Rename it, such as mine.py",
        )
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise KindError(
            f"{source} cannot be read: {error.strerror}",
            why="A desk does not start without all the strategies that its file names",
            todo="Mend its name or its permissions",
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise _unfit(source, f"it is larger than {FILE_BYTES_MAX} bytes")
    module = ModuleType(f"assent_strategy_{name}")
    module.__file__ = source
    sys.modules[module.__name__] = module  # dataclasses and annotations look for their module there
    _run(source, lambda: exec(compile(content, source, "exec", dont_inherit=True), module.__dict__))  # noqa: S102 - its owner's code, named in its owner's file
    return _checked(name, module, source, f"sha256:{text_digest(path.name, content)}")


def _file_offer(path: Path) -> Offer:
    return Offer(path.stem, str(path), lambda: load_file(path))


def _package_offer(point: "EntryPoint") -> Offer:
    package = point.dist
    label = f"package {package.name} {package.version}" if package else f"entry point {point.value}"
    source = f"{label} ({point.value})"

    def load() -> Kind:
        top = point.value.partition(":")[0].partition(".")[0]
        found = util.find_spec(top)
        if found is None or not found.origin or not found.origin.endswith(".py"):
            raise _unfit(source, f"the package {top} has no source that could be digested")
        place = Path(found.origin)
        digest = source_digest(place.parent if found.submodule_search_locations is not None else place)
        loaded: list[Any] = []
        _run(source, lambda: loaded.append(point.load()))
        return _checked(point.name, loaded[0], source, f"sha256:{digest}")

    return Offer(point.name, source, load)


def _run(source: str, step: Callable[[], object]) -> None:
    try:
        step()
    except BaseException as error:  # boundary: its owner's code may raise anything; see `_said`
        raise KindError(
            f"{source} raised while it was loaded: {_said(error, source)}",
            why="A desk does not start without all the strategies that its file names",
            todo="Mend it, and run its test",
        ) from error


def _said(error: BaseException, source: str) -> str:
    """What a plug-in raised and at which of its lines. Only a person interrupts."""
    if isinstance(error, KeyboardInterrupt):
        raise error
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == source]
    number = error.lineno if isinstance(error, SyntaxError) and error.filename == source else (lines or [None])[-1]
    try:
        words = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException as second:  # boundary: the error's own code answers here
        words = type(second).__name__
    at = f"line {number}: " if number else ""
    return f"{at}{type(error).__name__}: {shown(words, 200)}"


def _checked(name: str, thing: Any, source: str, digest: str) -> Kind:
    """A loaded module as a kind, or why it is none."""
    if not NAME.fullmatch(name):
        raise _unfit(source, f"its name {shown(name, 60)} is not small letters, digits and underscores, at most 40")
    table, build = getattr(thing, "OPTIONS", ()), getattr(thing, "build", None)
    if not callable(build):
        raise _unfit(source, "it has no function build(name, options)")
    if not isinstance(table, tuple) or len(table) > OPTIONS_MAX:
        raise _unfit(source, f"OPTIONS is not a tuple of at most {OPTIONS_MAX} options")
    for number, option in enumerate(table, start=1):
        fault = _option_fault(option, {shown(other[0]) for other in table[: number - 1]})
        if fault:
            raise _unfit(source, f"option {number} of OPTIONS: {fault}")
    doc = getattr(thing, "__doc__", None)
    summary = doc.strip().partition("\n")[0] if isinstance(doc, str) and doc.strip() else ""
    return Kind(name, source, digest, shown(summary), options_of(table), build)


def _option_fault(option: object, earlier: set[str]) -> str | None:
    """Why this line of a plug-in's table cannot be checked against, or None."""
    if type(option) is not Option:
        return f"it is {shown(option, 60)}, not an Option"
    try:
        if not NAME.fullmatch(option.key) or option.key in RESERVED | earlier:
            return f"its key {shown(option.key, 60)} is no small word, is taken, or stands there twice"
        (setting,) = options_of((option,))
        if option.kind in ("choice", "flag"):
            fits = option.default in option.choices if option.kind == "choice" else type(option.default) is bool
        else:
            fits = type(option.default) is int and option.least <= option.default <= option.most
        if not fits:
            return f"`{option.key}` has a default that it does not allow itself"
        read_value(setting, _toml(option.example))
    except (Unfit, AttributeError, KeyError, TypeError, ValueError) as error:
        return f"`{shown(option.key, 60)}` has an example or a kind that cannot be read ({shown(str(error), 80)})"
    return None


def _toml(example: str) -> object:
    found: Mapping[str, object] = tomllib.loads(f"value = {example}")
    return found["value"]


def _unfit(source: str, fault: str) -> KindError:
    return KindError(
        f"{source}: {fault}",
        why="A strategy's module has a function build(name, options) and a tuple OPTIONS of its settings",
        todo="Compare it with what `assent strategy new` writes",
    )
