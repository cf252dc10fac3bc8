"""`assent why ID`: one intent from the idea to the money, from the ledger alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assent.cli.exits import CommandError
from assent.cli.options import desk_options, say, say_json, settings_of

if TYPE_CHECKING:
    from assent.desk.lots import Told
    from assent.desk.story import Story

CANDIDATES_SHOWN = 8


@click.command(name="why", short_help="Why an order was made, or an idea refused: every check, and what came of it.")
@click.argument("wanted", metavar="ID")
@desk_options
def command(wanted: str, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Why an order was made, or an idea refused: the quote, every check with its numbers, and what came of it.

    ID is an intent's id or its six-symbol code, an order's id, or the beginning of one of them that fits only one.
    """
    import msgspec

    from assent.cli.reading import read_ledger
    from assent.cli.story_text import story_lines

    story = story_of(read_ledger(settings_of(folder, mode=mode)).records, wanted)
    if as_json:
        say_json(msgspec.to_builtins(story))
    else:
        say(story_lines(story))


def story_of(records: "list[Told]", wanted: str) -> "Story":
    """The one story that the name means."""
    from assent.desk.story import find, tell, why_unknown

    meant = find(records, wanted)
    if len(meant) > 1:
        shown = ", ".join(meant[:CANDIDATES_SHOWN]) + (", ..." if len(meant) > CANDIDATES_SHOWN else "")
        raise CommandError(
            "id_not_unique",
            f"{len(meant)} intents begin with {wanted!r}: {shown}",
            why="A wrong story is worse than none",
            todo="Give more of the id, or the six-symbol code",
        )
    story = tell(records, meant[0]) if meant else None
    if story is None:
        raise CommandError(
            "id_unknown",
            f"Nothing in this ledger is called {wanted!r}",
            why=why_unknown(wanted),
            todo="See `assent intents --all` for the latest ones; -C names another desk's folder, --mode another mode",
        )
    return story
