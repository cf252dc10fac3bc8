"""One value of a desk's file changed, and nothing else: comments, order and spelling stay as their owner wrote them.

The one line is changed as text; a library that writes the whole file anew would also move what stands elsewhere.
The new text is read again before it is written: it must say exactly what the old one said but for this one value, and
the whole of it must be a configuration that starts. The file is replaced in one step, so a crash leaves one of the two.
"""

import difflib
import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from assent.config.environment import PREFIX, SEALED
from assent.config.load import FILE_NAME, Loaded, read_all
from assent.config.origins import statements_of
from assent.config.table import SETTINGS
from assent.config.values import Setting, from_text, written
from assent.model.errors import AssentError

_NOT_HERE: Final = ("kind", "name")


class Change(NamedTuple):
    """What was written: the key, its value before (None: it was not said) and now, as the file says them."""

    path: Path
    key: str
    before: str | None
    after: str


class EditRefused(AssentError):
    """A value is not changed from here. `code` is stable."""

    def __init__(self, code: str, what: str, *, why: str, todo: str) -> None:
        self.code = code
        self.what = what
        self.why = why
        self.todo = todo
        super().__init__(f"{what}. {why}. {todo}.")


class SealedKey(EditRefused):
    """A limit of the constitution is not a setting like others."""


def set_value(root: Path, key: str, text: str, *, environment: Mapping[str, str]) -> Change:
    """Change one setting, or a strategy's option (`strategy.NAME.option`), in the file of the desk in `root`."""
    _refuse_sealed(key)
    # A variable that says the same setting would win, and hide what stands in the file.
    section, _, name = key.partition(".")
    hidden = f"{PREFIX}{section}_{name}".upper()
    environment = {variable: said for variable, said in environment.items() if variable != hidden}
    loaded = read_all(root, environment=environment)
    path = root.absolute() / FILE_NAME
    read = _read(path)
    windows = read.count("\r\n") == read.count("\n") > 0
    before = read.replace("\r\n", "\n") if windows else read
    setting, place = _target(key, loaded)
    after = _changed(before, place, setting.key, _literal(setting, text))
    _require_one_change(path, place, before, after)
    changed = read_all(root, environment=environment, text=after).values[key][1]
    said = written(setting, loaded.values[key][1]) if loaded.origins[key].where == "file" else None
    _replace(path, after.replace("\n", "\r\n") if windows else after)
    return Change(path, key, said, written(setting, changed))


def set_scope(root: Path, kind: str, names: Sequence[str], *, environment: Mapping[str, str]) -> Change:
    """Change one list of the scope in the file of the desk in `root`. What a start makes of it is another matter: one
    that is wider than the list in force needs an amendment."""
    key, path = f"scope.{kind}", root.absolute() / FILE_NAME
    wanted = list(dict.fromkeys(names))
    # Asked with the new names in place of the file's, so that a scope that is still empty can be filled.
    loaded = read_all(root, overrides={key: wanted}, environment=environment)
    setting, value = loaded.values[key]
    before = _read(path)
    stood = tomllib.loads(before).get("scope", {}).get(kind)
    after = _changed(before, key, kind, written(setting, value))
    _require_one_change(path, key, before, after)
    read_all(root, environment=environment, text=after)
    _replace(path, after)
    return Change(path, key, None if stood is None else written(setting, tuple(stood)), written(setting, value))


def _refuse_sealed(key: str) -> None:
    section, _, name = key.partition(".")
    limits = {s.key: s.section for s in SETTINGS if s.section in SEALED}
    if section in SEALED or key in limits:
        limit = name or key
        raise SealedKey(
            "constitution_key",
            f"{key} is a limit of the constitution",
            why="Limits are sealed into the ledger, so they are not changed in passing like a setting",
            todo=f"Change `{limit}` in the file itself, in [{limits.get(limit, 'constitution')}], and ask what a start "
            "would do with it: assent constitution check",
        )


def _target(key: str, loaded: Loaded) -> tuple[Setting, str]:
    """The line of the table that this key is, and the dotted name under which the file says it."""
    section, _, name = key.partition(".")
    owner, _, option = name.rpartition(".")
    if key not in loaded.values or (section == "strategy" and option in _NOT_HERE):
        known = [name for name in loaded.values if name.partition(".")[0] not in SEALED]
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        why = f"The nearest that this desk has is {near[0]}" if near else f"This desk has: {', '.join(known)}"
        raise EditRefused(
            "unknown_setting",
            f"{key!r} is no setting that can be changed here",
            why=why,
            todo="Write it with its section: assent config set runtime.cycle=5s; `assent config show` lists them all",
        )
    if section != "strategy":
        return loaded.values[key][0], key
    number = [strategy.name for strategy in loaded.settings.strategies].index(owner) + 1
    return loaded.values[key][0], f"strategy[{number}].{option}"


def _literal(setting: Setting, text: str) -> str:
    """The value as TOML says it."""
    raw = from_text(setting, text)
    return text if not isinstance(raw, str) else json.dumps(raw)


def _changed(text: str, place: str, key: str, literal: str) -> str:
    """The file's text with this one value in place of the old, or in a line of its own where it was not said."""
    lines = text.split("\n")
    owner = place.rpartition(".")[0]
    last = 0
    for statement in statements_of(text):
        if place in statement.names and not statement.header:
            lines[statement.line - 1 : statement.last_line] = _new_value(statement.text, literal).split("\n")
            return "\n".join(lines)
        if owner in statement.names or any(name.startswith(f"{owner}.") for name in statement.names):
            last = statement.last_line
    if last:
        lines.insert(last, f"{key} = {literal}")
        return "\n".join(lines)
    return text.rstrip("\n") + f"\n\n[{owner}]\n{key} = {literal}\n"


def _new_value(statement: str, literal: str) -> str:
    """`key = old  # why` with the new value; where the value ends is what TOML's own reader says."""
    head, _, rest = statement.partition("=")
    wanted = tomllib.loads(statement)
    ends = [position for position, sign in enumerate(rest) if sign == "#"]
    for end in ends:
        with suppress(ValueError):
            if tomllib.loads(f"{head}={rest[:end]}") == wanted:
                old = rest[:end].rstrip()
                return f"{head}= {literal}{rest[len(old) :]}"
    return f"{head}= {literal}"


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _require_one_change(path: Path, place: str, before: str, after: str) -> None:
    """TOML's own reader must find both texts equal but for this one place."""
    with suppress(ValueError):
        old, new = _flat(tomllib.loads(before)), _flat(tomllib.loads(after))
        differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        if differing <= {place}:
            return
    raise EditRefused(
        "edit_unsafe",
        f"{path} is written in a way in which {place} cannot be changed alone",
        why="More than this one value would have become different, so nothing was written",
        todo="Change it in the file itself",
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for number, one in enumerate(value, start=1):
                found |= _flat(one, f"{prefix}{key}[{number}].")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _replace(path: Path, text: str) -> None:
    """Beside it, synced, with its permissions, and then in its place."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, mode)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EditRefused(
            "cannot_write",
            f"{path} cannot be written: {error.strerror}",
            why="The file is as it was",
            todo="Mend its permissions, or free some space",
        ) from error
