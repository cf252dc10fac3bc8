"""The command line in tables, read from click: what `assent COMMAND --help` says, on one page."""

import click
from docs.markers import table

from assent.cli.exits import MEANINGS
from assent.cli.main import assent


def commands() -> str:
    """Every command with its usage, its help and its options."""
    blocks = []
    for path, command, context in leaves():
        usage = " ".join([path, *command.collect_usage_pieces(context)])
        help_text = " ".join((command.help or "").split())
        blocks += [f"## `{path}`", f"```text\n{usage}\n```", help_text, _options(command, context)]
    return "\n\n".join(blocks)


def leaves() -> list[tuple[str, click.Command, click.Context]]:
    """Path, command and context of every command that does something by itself."""
    top = click.Context(assent, info_name="assent")
    found: list[tuple[str, click.Command, click.Context]] = []
    _walk("assent", assent, top, found)
    return found


def _walk(
    path: str, command: click.Command, context: click.Context, found: list[tuple[str, click.Command, click.Context]]
) -> None:
    if not isinstance(command, click.Group):
        found.append((path, command, context))
        return
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None:
            _walk(f"{path} {name}", child, click.Context(child, info_name=name, parent=context), found)


def _options(command: click.Command, context: click.Context) -> str:
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    records = [option.get_help_record(context) for option in options]
    rows = [(f"`{names}`", " ".join(said.split())) for names, said in filter(None, records) if "--help" not in names]
    return table(("option", "what it does"), rows)


def exit_codes() -> str:
    rows = [(f"`{int(code)}`", meaning) for code, meaning in MEANINGS.items()]
    return table(("exit code", "meaning"), rows)
