"""`assent init`: a new desk's folder with one file in it, made from a template. Never overwrites anything."""

import difflib
import os
import re
from importlib import resources
from pathlib import Path

import click

from assent.cli.exits import CommandError
from assent.cli.options import as_json_option, say, say_json
from assent.cli.words import line

NOT_VALIDATED = (
    "The numbers in it are not validated: no evidence says that they earn anything, and nothing here is advice."
)
NAME_MARK = "@NAME@"
# How a desk is told to ask its maker: the line of each template that begins so, and what it says then. An hour, since
# the clock of a box may run sixty times as fast as the person who is asked.
ASKED = (
    ("approvals = ", '["open needs 1"]', "people asked before anything leaves: here, before anything opens"),
    ("approvers = ", '["{me}=os:{me}"]', "who they are: you, as this machine knows you"),
    ("approval_life = ", '"1h"', "how long a question stands, by the clock of the exchange"),
)
REMARKS_AT = 34
ANSWER = "assent approve -C {name}                          (in another terminal: its questions, one key each)"
NEXT_OF_A_SIM = ("assent doctor -C {name}", "assent run {name} --speed 60 --web", "assent status -C {name}")
# What comes next where a template needs something besides its file.
NEXT = {
    "kalshi-box": (
        "assent exchange kalshi --dir kalshi-box          (in another terminal; it prints a key id)",
        "assent config set kalshi.key_id=KEY_ID {name}",
        "assent doctor -C {name}",
        "assent run {name}                                (a dry-run, until its file says dry_run = false)",
    ),
}


@click.command(name="init", short_help="Make a new desk from a template.")
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "--template", default="kalshi-paper", show_default=True,
    help="kalshi-paper: on paper, inside the desk's own process. kalshi-box: over Kalshi's wire, to `assent exchange"
    " kalshi` on this machine.",
)  # fmt: skip
@click.option("--ask-me", is_flag=True, help="The desk waits for your yes before it opens anything.")
@as_json_option
def command(name: Path, template: str, *, ask_me: bool, as_json: bool) -> None:
    """Make the folder NAME with the file assent.toml in it, ready to be read and changed."""
    from assent.runtime.principals import os_identity

    text = template_text(template)
    _require_name(name.name)
    text = asking(text, os_identity(os.getuid()).removeprefix("os:")) if ask_me else text
    path = write_desk(name, text.replace(NAME_MARK, name.name))
    steps = [*NEXT.get(template, NEXT_OF_A_SIM), *((ANSWER,) if ask_me else ())]
    following = [step.format(name=name) for step in steps]
    if as_json:
        say_json({"path": str(path), "template": template, "next": following, "note": NOT_VALIDATED})
        return
    say([f"Made {line(path)} from the template {template}.", NOT_VALIDATED, "", "Read it, then:"])
    say([f"  {line(text)}" for text in following])


def template_names() -> list[str]:
    """What ships with the package."""
    folder = resources.files("assent") / "templates"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def template_text(template: str) -> str:
    """The template's file, with a mark where the desk's name belongs."""
    known = template_names()
    if template in known:
        return (resources.files("assent") / "templates" / f"{template}.toml").read_text(encoding="utf-8")
    near = difflib.get_close_matches(template, known, n=1)
    raise CommandError(
        "template_unknown",
        f"There is no template {template!r}{f'; did you mean {near[0]}?' if near else ''}",
        why=f"This version ships {', '.join(known)}",
        todo="Name one of them with --template",
    )


def asking(text: str, me: str) -> str:
    """The template's file, with this machine's user as the person who is asked before anything opens."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{0,39}", me):
        raise CommandError(
            "user_unfit",
            f"{me!r}, the user of this machine, cannot stand among the approvers as it is",
            why="A person there has a name of at most 40 letters, digits, dots, dashes and underscores, a letter first",
            todo="Make the desk without --ask-me and write `approvers` by hand: docs/approvals.md",
        )
    lines = text.split("\n")
    for begins, said, remark in ASKED:
        (at,) = (number for number, line in enumerate(lines) if line.startswith(begins))
        lines[at] = f"{begins}{said.format(me=me)}".ljust(REMARKS_AT) + f"# {remark}"
    return "\n".join(lines)


def write_desk(folder: Path, text: str) -> Path:
    """The folder, for its owner alone, and the file, which must not be there yet."""
    path = folder / "assent.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CommandError(
            "desk_exists",
            f"{path if folder.is_dir() else folder} exists already",
            why="A desk's file holds its owner's limits, so it is never overwritten",
            todo="Choose another name, or edit the file that is there",
        ) from None
    except OSError as error:
        raise CommandError(
            "cannot_write",
            f"{path} cannot be made: {error.strerror}",
            why="A desk lives in a folder that its user may write to",
            todo="Choose another place, or mend its permissions",
        ) from error
    return path


def _require_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise CommandError(
            "name_unfit",
            f"{name!r} cannot be a desk's name",
            why="It stands in banners, files and alerts: 1 to 64 letters, digits, dots, dashes, underscores",
            todo="Choose a name such as my-desk",
        )
