"""`assent strategy`: write a first one that works, and list those that a desk may name."""

import keyword
import sys
from importlib import resources, util
from pathlib import Path
from typing import Any, Final

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import as_json_option, say, say_json
from assent.cli.words import line, table

NAME_MARK: Final = "@NAME@"
CLASS_MARK: Final = "@CLASS@"
README: Final = "README.md"


@click.group(name="strategy", short_help="Write a strategy, list those that there are.")
def command() -> None:
    """Write a strategy, list those that there are."""


@command.command(name="new", short_help="Write a small strategy that works, and its test.")
@click.argument("name")
@click.option(
    "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
    help="The desk's folder; it goes into `strategies` there.  [default: this one]",
)  # fmt: skip
@as_json_option
def new(name: str, folder: Path, *, as_json: bool) -> None:
    """Write strategies/NAME.py, which trades as it is, its test, and a note on both. Nothing is overwritten."""
    place = folder / "strategies"
    _require_name(name, folder)
    words = {NAME_MARK: name, CLASS_MARK: "".join(part.capitalize() for part in name.split("_"))}
    wanted = {place / f"{name}.py": "strategy.py.txt", place / f"test_{name}.py": "test_strategy.py.txt"}
    _require_free(wanted)
    if not (place / README).exists():
        wanted[place / README] = "README.md.txt"
    for path, template in wanted.items():
        _write(path, _filled(template, words))
    entry = ["[[strategy]]", f'kind = "{name}"', f'name = "{name}"']
    strategy, test = list(wanted)[:2]
    following = [f"pytest {test}", f"assent demo --strategy {strategy}"]
    if as_json:
        say_json({"files": [str(path) for path in wanted], "next": following, "table": "\n".join(entry)})
        return
    say([*(f"Wrote {line(path)}" for path in wanted), "", "Test it, then see it trade:"])
    say([f"  {line(text)}" for text in following])
    say(["", "A desk runs it when its assent.toml says:", *(f"  {text}" for text in entry)])


@command.command(name="list", short_help="Every kind that a desk may name, its source and its digest.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option(
    "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
    help="The desk's folder.  [default: this one]",
)  # fmt: skip
@as_json_option
def listed(desk: Path | None, folder: Path, *, as_json: bool) -> int:
    """List what ships, the files in DIR/strategies and what installed packages offer. This loads them.

    Exits 1 if one of them cannot be loaded, or if two have one name.
    """
    rows = strategy_rows((desk or folder).absolute())
    if as_json:
        say_json({"strategies": rows})
    else:
        head = ("kind", "source", "digest", "what it is")
        say(table([(r["kind"], r["source"], r["digest"], r["problem"] or r["summary"]) for r in rows], head=head))
    return Exit.FOUND if any(row["problem"] for row in rows) else Exit.OK


def strategy_rows(root: Path) -> list[dict[str, Any]]:
    """One row a place that offers a kind; what cannot be loaded says why."""
    from assent.config.kinds import KindError, clash, offers
    from assent.runtime.build import build_digest

    found = offers(root)
    rows = []
    for offer in found:
        row = {"kind": offer.name, "source": offer.source, "digest": "", "summary": "", "problem": ""}
        same = [other for other in found if other.name == offer.name]
        try:
            if len(same) > 1:
                raise clash(same)
            if offer.load is None:
                row |= {"digest": f"build {build_digest()}", "summary": "ships with this build"}
            else:
                kind = offer.load()
                row |= {"digest": kind.digest, "summary": kind.summary}
        except KindError as error:
            row["problem"] = f"cannot be used: {error}"
        rows.append(row)
    return rows


def _require_name(name: str, folder: Path) -> None:
    """A name that is a module's, nobody else's, and free."""
    from assent.config.kinds import NAME, offers

    taken = {offer.name: offer.source for offer in offers(folder.absolute())}
    own = str(folder.absolute() / "strategies" / f"{name}.py")
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name.startswith("test_"):
        what, why = "cannot be a strategy's name", "It is a module's name: small letters, digits, underscores"
    elif name in taken and taken[name] != own:
        what, why = "is taken", f"{taken[name]} has a strategy of this name, and two of one name are refused"
    elif name in sys.stdlib_module_names or (name not in taken and util.find_spec(name) is not None):
        what, why = "is taken", "Python knows a module of this name, and its test would import that one"
    else:
        return
    raise CommandError(
        "name_unfit", f"{name!r} {what}", why=why, todo="Choose a name such as my_idea, at most 40 characters"
    )


def _require_free(wanted: dict[Path, str]) -> None:
    for path in wanted:
        if path.exists() or path.is_symlink():
            raise CommandError(
                "strategy_exists",
                f"{path} exists already",
                why="It is somebody's work, so it is never overwritten",
                todo="Choose another name, or edit the file that is there",
            )


def _filled(template: str, words: dict[str, str]) -> str:
    text = (resources.files("assent") / "templates" / "strategy" / template).read_text(encoding="utf-8")
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CommandError(
            "cannot_write",
            f"{path} cannot be made: {error.strerror}",
            why="A desk's strategies lie in a folder that its user may write to",
            todo="Choose another place with -C, or mend its permissions",
        ) from error
