"""`assent web`: the way into the console, its process, and who may use it: tokens, sessions, second factors.

A secret is printed once, when it is made, and nobody can ask for it again. All of it lies in one file of the desk's
folder that only its owner may read; whoever may read that file may do this here.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import Duration, desk_options, say, say_json, settings_of
from assent.cli.words import line, table, when

if TYPE_CHECKING:
    from assent.approval.access import Access
    from assent.config import Settings

SCOPES: Final = ("view", "approve", "operate")


class Entrance(click.Group):
    """Without a name of one of its commands, it tells the way in."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["address", *args])


@click.group(name="web", cls=Entrance, short_help="The console in the browser, and who may use it.")
def command() -> None:
    """The console in the browser, and who may use it. Without a command: the address with which to sign in, once."""


@command.command(name="address", short_help="An address that signs you in, once.")
@click.option("--token", "name", metavar="NAME", help="Sign in the holder of this token, with what it may.")
@desk_options
def address(name: str | None, folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Print an address that signs the user of this machine in, once and within three minutes. Opens nothing.

    With --token it signs in somebody else, or your phone: who answers there is `token:NAME`, may do what the token may,
    and is signed out when that is revoked."""
    from assent.app.beside import listening, sign_in_address

    settings = settings_of(folder, mode=mode)
    found = listening(settings)
    if found is None:
        raise CommandError(
            "console_not_running",
            "No console of this desk runs",
            why="A way in is worth something only where somebody opens",
            todo="Start the desk with `assent run --web`, or the console alone with `assent web serve`",
            exit_code=Exit.NOT_RUNNING,
        )
    with opened(settings) as access:
        way_in = sign_in_address(found.address, access, token=name)
    if as_json:
        say_json({"address": found.address, "sign_in": way_in, "pid": found.pid})
    else:
        whom = "you" if name is None else f"token:{name}"
        say([way_in, line(f"It signs {whom} in once, within three minutes. Whoever has it first is {whom}.")])
        if name is not None and found.address.startswith("http://"):
            say("It leads to this machine. How a browser elsewhere gets here: docs/console.md.")
    return Exit.OK


@command.command(name="serve", short_help="Run the console of a desk until Ctrl-C.")
@click.option("--supervised", is_flag=True, help="End when the input ends: for whoever runs it beside a desk.")
@desk_options
def serve(folder: Path, mode: str | None, *, supervised: bool, as_json: bool) -> int:
    """Run the console of a desk until Ctrl-C, whether the desk runs or not. `assent run --web` does it beside the desk.

    It listens where the `[web]` section of the desk's file says: on this machine alone, unless that says more.
    """
    from assent.app import beside, web

    settings = settings_of(folder, mode=mode)
    where = beside.address_of(beside.web_settings(settings))
    if as_json:
        say_json({"address": where})
    else:
        say(f"The console of {line(settings.name)}: {where}   (assent web prints a way in; Ctrl-C ends it)")
    sys.stdout.flush()
    web.serve(settings, supervised=supervised)
    return Exit.OK


@command.group(name="token", short_help="Tokens for programs: new, list, rotate, revoke.")
def token() -> None:
    """Tokens by which programs ask the console's HTTP interface. A person's name for one is `token:NAME`."""


@token.command(name="new", short_help="Make a token; its secret is printed once.")
@click.argument("name", metavar="NAME")
@click.option("--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True, help="What it may; repeat.")
@click.option("--life", type=Duration(), metavar="DURATION", help="How long it holds.  [default: until it is revoked]")
@desk_options
def token_new(
    name: str, folder: Path, mode: str | None, *, scopes: tuple[str, ...], life: int | None, as_json: bool
) -> None:
    """Make a token called NAME; its secret is printed once. `view` looks, `approve` answers, `operate` halts, resumes
    and cancels. To answer for a person, `token:NAME` must stand in the constitution's `approvers`."""
    settings = settings_of(folder, mode=mode)
    with opened(settings) as access:
        secret = access.issue(name, scopes, now_here(), life_ns=life)
    identity = f"token:{name}"
    _told_once({"name": name, "identity": identity, "scopes": sorted(scopes)}, secret, as_json=as_json)
    known = {one for person in settings.constitution.approvers for one in person.identities}
    if "approve" in scopes and identity not in known and not as_json:
        say(f"Note: its yes counts for nobody: the file's `approvers` do not name {identity}. See docs/approvals.md")


@token.command(name="list", short_help="Which tokens there are, and when each was used last.")
@desk_options
def token_list(folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Which tokens there are: what each may, since when, until when, and when it was used last. Never a secret."""
    with opened(settings_of(folder, mode=mode)) as access:
        found = access.tokens()
    if as_json:
        keys = ("name", "issued", "rotated", "ends", "old_ends", "used")
        told = [{key: getattr(one, key) for key in keys} | {"scopes": sorted(one.scopes)} for one in found]
        say_json({"tokens": told})
        return
    rows = [
        (
            one.name, ", ".join(sorted(one.scopes)), when(one.issued), when(one.rotated),
            when(one.ends) if one.ends is not None else "never", when(one.used) if one.used is not None else "never",
        )
        for one in found
    ]  # fmt: skip
    head = ("name", "may", "made", "rotated", "ends", "last used")
    say(table(rows, head=head) if rows else "no tokens")


@token.command(name="rotate", short_help="A new secret for a token; printed once.")
@click.argument("name", metavar="NAME")
@click.option("--overlap", type=Duration(), metavar="DURATION", help="The old one holds for so long.  [default: not]")
@desk_options
def token_rotate(name: str, folder: Path, mode: str | None, *, overlap: int | None, as_json: bool) -> None:
    """A new secret for the token NAME, printed once. The old one ends at once, or with the overlap; so do the sessions
    that came from it."""
    with opened(settings_of(folder, mode=mode)) as access:
        secret = access.rotate(name, now_here(), overlap_ns=overlap or 0)
    _told_once({"name": name, "identity": f"token:{name}"}, secret, as_json=as_json)


@token.command(name="revoke", short_help="End a token and what came from it.")
@click.argument("name", metavar="NAME")
@desk_options
def token_revoke(name: str, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """End the token NAME at once, with the sessions and addresses that came from it."""
    with opened(settings_of(folder, mode=mode)) as access:
        access.revoke(name)
    _done({"name": name, "revoked": True}, f"token {name} is revoked", as_json=as_json)


@command.group(name="sessions", short_help="Browser sessions: list, end.")
def sessions() -> None:
    """Browser sessions that stand."""


@sessions.command(name="list", short_help="Who is signed in, and since when.")
@desk_options
def sessions_list(folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Who is signed in with a browser, what they may, since when, and when they were seen last."""
    with opened(settings_of(folder, mode=mode)) as access:
        found = access.sessions(now_here())
    if as_json:
        keys = ("identity", "begun", "used", "ends")
        told = [{key: getattr(one, key) for key in keys} | {"scopes": sorted(one.scopes)} for one in found]
        say_json({"sessions": told})
        return
    rows = [
        (one.identity, ", ".join(sorted(one.scopes)), when(one.begun), when(one.used), when(one.ends)) for one in found
    ]
    say(table(rows, head=("who", "may", "since", "last seen", "ends")) if rows else "no sessions")


@sessions.command(name="end", short_help="End sessions: all, or those of one identity.")
@click.option("--identity", metavar="ID", help="Only of this one, such as os:ada.  [default: of all]")
@desk_options
def sessions_end(folder: Path, mode: str | None, *, identity: str | None, as_json: bool) -> None:
    """End every session and every address that was not used yet, or those of one identity."""
    with opened(settings_of(folder, mode=mode)) as access:
        count = access.end_all(identity)
    _done({"ended": count}, f"{count} sessions ended; unused addresses are over as well", as_json=as_json)


@command.group(name="factor", short_help="Second factors: enrol, list, forget.")
def factor() -> None:
    """Second factors of the people whom the constitution names: six digits of an app, each used once."""


@factor.command(name="enrol", short_help="Make a second factor; its seed is printed once.")
@click.argument("person", metavar="PERSON")
@desk_options
def factor_enrol(person: str, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Make a second factor for PERSON, as the constitution's `approvers` names them, and print once what an app takes
    in: its address, as a picture as well on a terminal, and the same to type by hand."""
    settings = settings_of(folder, mode=mode)
    known = [one.name for one in settings.constitution.approvers]
    with opened(settings) as access:
        made = access.enrol(person, now_here())
    if as_json:
        say_json({"person": made.person, "uri": made.uri, "secret": made.secret, "named": person in known})
        return
    if sys.stdout.isatty():
        from assent.cli.qr import drawn

        click.echo("\n".join(drawn(made.uri)))  # our own picture, with colours that make it readable
    say([made.uri, f"To type by hand: {made.secret}", "They are shown this once. Whoever has them has the factor."])
    if person not in known:
        say(f"Note: the constitution's approvers name nobody {person}; it names {', '.join(known) or 'nobody at all'}.")


@factor.command(name="list", short_help="Who has a second factor.")
@desk_options
def factor_list(folder: Path, mode: str | None, *, as_json: bool) -> None:
    """Who has a second factor, since when, and whether too many wrong ones have locked it."""
    with opened(settings_of(folder, mode=mode)) as access:
        found = access.factors(now_here())
    if as_json:
        keys = ("person", "enrolled", "used", "locked_until")
        say_json({"factors": [{key: getattr(one, key) for key in keys} for one in found]})
        return
    rows = [(one.person, when(one.enrolled), when(one.used), when(one.locked_until)) for one in found]
    say(table(rows, head=("person", "enrolled", "last used", "locked until")) if rows else "no second factors")


@factor.command(name="forget", short_help="A person's second factor is no more.")
@click.argument("person", metavar="PERSON")
@desk_options
def factor_forget(person: str, folder: Path, mode: str | None, *, as_json: bool) -> None:
    """PERSON has no second factor any more: the phone is lost, or they left. Where the constitution asks for one, they
    cannot answer until they enrol anew."""
    with opened(settings_of(folder, mode=mode)) as access:
        access.forget_factor(person)
    _done({"person": person, "forgotten": True}, f"{person} has no second factor any more", as_json=as_json)


@contextmanager
def opened(settings: "Settings") -> "Iterator[Access]":
    """The file of credentials of this desk; made where there is none, in a folder that is the owner's alone."""
    from contextlib import closing

    from assent.approval.access import Access

    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(Access.open(settings.access_path)) as access:
        yield access


def now_here() -> int:
    """This machine's time: credentials live by it, whatever clock the desk's market has."""
    from assent.runtime.clock import WallClock

    return WallClock().now()


def _told_once(what: dict[str, Any], secret: str, *, as_json: bool) -> None:
    if as_json:
        say_json({**what, "secret": secret})
    else:
        say([secret, f"This is the secret of {what['identity']}. It is shown this once; keep it where no log sees it."])


def _done(what: dict[str, Any], words: str, *, as_json: bool) -> None:
    if as_json:
        say_json(what)
    else:
        say(line(words))
