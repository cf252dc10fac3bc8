"""`assent`: finds the command, runs it, and turns whatever happens into words and an exit code.

The commands' modules are imported only when they are used, so help and completion answer at once. No exception leaves
`main`: what its user can mend is told as what, why and what to do; anything else is a fault of ours and says so.
"""

import difflib
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import click

from assent import __version__
from assent.cli.exits import Exit, ReaderGone, code_of, exit_of
from assent.model.errors import AssentError


class Place(NamedTuple):
    """Where a command lives, and what the overview says of it, so that the overview need not import it."""

    module: str
    summary: str
    name: str = "command"


# In the order in which somebody meets them, under what they would be looked for by.
TOPICS: Final[Mapping[str, Mapping[str, Place]]] = {
    "Begin": {
        "demo": Place("demo", "Live through one simulated trading day."),
        "init": Place("init", "Make a new desk from a template."),
        "doctor": Place("doctor", "Check the desk and its surroundings."),
        "run": Place("run", "Run a desk until Ctrl-C."),
    },
    "Say yes, no, stop": {
        "approve": Place("approve", "Answer what waits, card by card, with one key each."),
        "intents": Place("intents", "What waits for assent, what was proposed; say yes or no."),
        "halt": Place("halt", "Stop the desk, see its halts, let it go on."),
        "web": Place("web", "The console in the browser, and who may use it."),
    },
    "Look": {
        "status": Place("status", "How the desk stands."),
        "why": Place("why", "Why an order was made, or an idea refused: every check, and what came of it."),
        "orders": Place("orders", "Orders that may still fill; cancel them, settle unknown ones."),
        "positions": Place("positions", "What is held; leave it."),
        "reconcile": Place("reconcile", "Where our books and the venue's differ, and what to do about it."),
        "ledger": Place("ledger", "Verify, show or export the ledger."),
    },
    "Change": {
        "config": Place("config", "What is set and where it was said; change one value."),
        "constitution": Place("constitution", "The limits in force, and how they may change."),
        "scope": Place("scope", "The markets, events and series that may be traded."),
        "strategy": Place("strategy", "Write a strategy, list those that there are."),
    },
    "Go to a venue": {
        "exchange": Place("exchange", "Serve an exchange in a box for any bot."),
        "record": Place("record", "Write down what the markets look like."),
        "ready": Place("ready", "Is the desk ready for real money? A checklist."),
    },
}
COMMANDS: Final[Mapping[str, Place]] = {name: place for topic in TOPICS.values() for name, place in topic.items()}


class Overview(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except BrokenPipeError:
            raise ReaderGone from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        found = getattr(importlib.import_module(f"assent.cli.{place.module}"), place.name)
        assert isinstance(found, click.Command)  # noqa: S101 - for the type checker
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        if args[0] not in COMMANDS and near:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        longest = max(map(len, COMMANDS))
        for topic, places in TOPICS.items():
            with formatter.section(topic):
                formatter.write_dl([(name.ljust(longest), place.summary) for name, place in places.items()])


@click.group(cls=Overview, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="assent", message="%(prog)s %(version)s")
def assent() -> None:
    """Nothing trades without assent.

    A trading runtime: strategies only propose, a written constitution must agree, and the ledger remembers everything.
    Start with: assent demo
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        result = assent.main(args=given, prog_name="assent", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        return _tell("interrupted", "Interrupted.", Exit.INTERRUPTED, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return Exit.USAGE
    except click.ClickException as error:
        return _tell("usage", _usage_words(error, given), Exit.USAGE, as_json=as_json)
    except (ReaderGone, BrokenPipeError):
        return _reader_has_gone()
    except AssentError as error:
        return _tell(code_of(error), str(error), exit_of(error), as_json=as_json)
    except Exception as error:  # boundary: the last one; whatever went wrong becomes words and an exit code
        return _unexpected(error, as_json=as_json)
    return result if isinstance(result, int) else Exit.OK


def _unexpected(error: Exception, *, as_json: bool) -> int:
    """Something that a task group wrapped, or a fault of our own."""
    cause: BaseException = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, AssentError):
        return _tell(code_of(cause), str(cause), exit_of(cause), as_json=as_json)
    if os.environ.get("ASSENT_DEBUG") == "1":
        raise error
    words = (
        f"A fault of ours: {type(cause).__name__}: {cause}. Nothing more was done. What is in the ledger holds; start"
        " again, and report this with the output of ASSENT_DEBUG=1."
    )
    return _tell("bug", words, Exit.BUG, as_json=as_json)


def _usage_words(error: click.ClickException, given: list[str]) -> str:
    """Click's message with the way to help."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else _path_of(given)
    words = " ".join(error.format_message().split()).rstrip(".").replace("a valid integer range", "a whole number")
    if isinstance(error, click.MissingParameter) and context:
        words += _missing_besides(error, context, given)
    return f"{words}. See: {path} --help"


def _missing_besides(error: click.MissingParameter, context: click.Context, given: list[str]) -> str:
    """Nobody wants to be told of one option after the other."""
    options = [one for one in context.command.params if isinstance(one, click.Option) and one.required]
    said = {word.partition("=")[0] for word in given}
    others = [one.opts[0] for one in options if one is not error.param and said.isdisjoint(one.opts)]
    return f"; and {', '.join(others)}" if others else ""


def _path_of(given: list[str]) -> str:
    """The command that was meant. Click does not say where an option is left without its value."""
    found: click.Command | None = assent
    path, context = ["assent"], click.Context(assent)
    for word in given:
        found = found.get_command(context, word) if isinstance(found, click.Group) else None
        if found is None:
            break
        path.append(word)
    return " ".join(path)


def _tell(code: str, message: str, exit_code: Exit, *, as_json: bool) -> int:
    from assent.cli.words import plain

    if as_json:
        click.echo(json.dumps({"error": {"code": code, "message": message}}), err=True)
    else:
        click.echo(f"assent: {plain(message)}", err=True)
    return exit_code


def _reader_has_gone() -> int:
    """`assent ledger show | head`: the reader has enough. Python must not complain again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.OK
