"""`assent ready`: what stands between this desk and real money, line by line. Exit 1 while something is not met.

It looks and changes nothing. A line is met by what is on this disk, never by somebody's word; what cannot be judged
from here is not met. It permits nothing either: what a live start asks for, `assent run` asks for itself.
"""

import os
from pathlib import Path

import click

from assent.cli.exits import Exit
from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.words import line


@click.command(name="ready", short_help="Is the desk ready for real money? A checklist.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@desk_options
def command(desk: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Is the desk in DIR ready for real money? Capabilities, switches, key, paper days, dry-run, micro stage."""
    from assent.app.ready import checklist

    settings = settings_of(desk or folder, mode=mode, plugins=True)
    items = list(checklist(settings, os.environ))
    ready = all(item.met for item in items)
    if as_json:
        say_json({"ready": ready, "items": [item._asdict() for item in items]})
        return Exit.OK if ready else Exit.FOUND
    for item in items:
        say(f"{'met    ' if item.met else 'NOT MET'}  {item.name:<14}{line(item.found)}")
        if not item.met and item.todo:
            say(f"{'':<23}-> {line(item.todo)}")
    unmet = sum(not item.met for item in items)
    say("Everything on the list is met. It promises no profit." if ready else f"{unmet} of {len(items)} are not met.")
    return Exit.OK if ready else Exit.FOUND
