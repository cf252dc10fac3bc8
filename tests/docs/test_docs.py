"""The pages say what the code says: generated parts are fresh, nothing public is unnamed, nothing named is missing."""

import html
import re
import shlex
from pathlib import Path
from typing import get_args

import click
import pytest
from docs import usage
from docs.generate import PARTS
from docs.markers import ROOT, filled, names_in, pages
from docs.tour import CUT, PICTURE

from assent.cli.exits import MEANINGS
from assent.cli.intents import Listing
from assent.cli.main import assent
from assent.cli.web import Entrance
from assent.config.environment import may_say, variable_of
from assent.config.table import PLUGIN_SETTINGS, SETTINGS, STRATEGY_OPTIONS, STRATEGY_SETTINGS
from assent.desk.rules import RULES
from assent.model.constitution import LIMITS
from assent.model.facts import Fact
from assent.model.inputs import Input
from assent.model.intents import Proposal
from assent.model.levels import CAUSES, Level
from assent.model.reasons import REASONS

PAGES = pages()
TOUR = "tour-"
CHARACTER_WIDTH = 12.2  # of a drawn terminal, in the picture's own units
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


def page_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_page = pytest.mark.parametrize("page", PAGES, ids=page_name)


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(text: str, *kinds: str) -> list[str]:
    return [match["body"] for match in FENCE.finditer(text) if match["info"].split(" ")[0] in kinds]


def prose(text: str) -> str:
    return FENCE.sub("", text)


# ------------------------------------------------------------------------------------------------ generated


@each_page
def test_a_generated_part_says_what_the_code_says(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == filled(text, PARTS), "it is behind the code; write it anew with: python -m docs.generate"


def test_a_stale_part_would_be_found() -> None:
    text = text_of("halts.md").replace("`HALTED` | cancel |", "`HALTED` | open |")
    assert text != filled(text, PARTS)


def test_every_part_stands_on_a_page_and_every_marked_place_has_a_writer() -> None:
    marked = [name for page in PAGES for name in names_in(page.read_text(encoding="utf-8"))]
    generated = [name for name in marked if not name.startswith(TOUR)]
    assert sorted(generated) == sorted(PARTS)
    assert len(marked) == len(set(marked))


@each_page
def test_a_marker_that_opens_a_part_also_closes_it(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    opened = re.findall(r"^<!-- ([a-z-]+): ", text, re.MULTILINE)
    assert opened == names_in(text) == re.findall(r"^<!-- end of ([a-z-]+) -->$", text, re.MULTILINE)


# ----------------------------------------------------------------------------------------------- documented

PUBLIC = {
    "facts.md": [fact.__name__ for fact in get_args(Fact)],
    "halts.md": [*CAUSES, *(level.name for level in Level)],
    "reasons.md": [*REASONS, *(code for code, _ in RULES)],
    "commands.md": [*(path for path, _, _ in usage.leaves()), *(str(int(code)) for code in MEANINGS)],
    "rules.md": [*(code for code, _ in RULES), *(limit.key for limit in LIMITS)],
    "inputs.md": [one.__name__ for one in get_args(Input)],
    "settings.md": [
        *(s.key for s in (*SETTINGS, *STRATEGY_SETTINGS, *PLUGIN_SETTINGS)),
        *(o.key for options in STRATEGY_OPTIONS.values() for o in options),
        *(variable_of(s) for s in SETTINGS if may_say(s)),
    ],
    "writing-a-strategy.md": list(Proposal.__struct_fields__),
}


@pytest.mark.parametrize("page", PUBLIC)
def test_nothing_public_goes_without_a_word(page: str) -> None:
    text = text_of(page)
    assert not [name for name in PUBLIC[page] if f"`{name}`" not in text]


def test_the_map_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w/-]+\.md)", text_of("README.md")))
    assert linked >= {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").glob("*.md")} - {"README.md"}


def test_every_rule_has_a_reason_and_every_reason_of_a_rule_a_rule() -> None:
    assert {code for code, _ in RULES} == {r.code for r in REASONS.values() if r.family == "rule"}


def test_every_option_of_every_command_is_listed() -> None:
    text = text_of("commands.md")
    for path, command, _ in usage.leaves():
        section = text.split(f"## `{path}`\n")[1].split("\n## ")[0]
        names = [name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts]
        assert not [name for name in names if name not in section], path


# --------------------------------------------------------------------------------------------------- exists


def anchors_of(page: Path) -> set[str]:
    """The names by which a page's headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_a_link_leads_to_a_page_and_a_heading_that_are_there(page: Path) -> None:
    broken = []
    for target, fragment in re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", prose(page.read_text(encoding="utf-8"))):
        place = page.parent / target if target else page
        if not place.exists() or (fragment and fragment not in anchors_of(place)):
            broken.append(f"{target}#{fragment}")
    assert not broken


@each_page
def test_a_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"\b((?:src|tests|docs|benchmarks)/[\w./-]+\w)", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


@each_page
def test_a_test_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"\b(tests/[\w/]+\.py)::(test_\w+)", page.read_text(encoding="utf-8"))
    assert not [name for place, name in named if f"def {name}(" not in (ROOT / place).read_text(encoding="utf-8")]


def commands_on(text: str) -> list[str]:
    """Everything on a page that begins with `assent`: in shell blocks, in the tour, and in the prose."""
    inside = [line for body in blocks(text, "sh") for line in body.splitlines()]
    typed = [line.removeprefix("$ ") for body in blocks(text, "text") for line in body.splitlines() if line[:2] == "$ "]
    quoted = re.findall(r"`(assent [a-z][^`]*)`", prose(text))
    return [line.partition("#")[0].strip() for line in (*inside, *typed, *quoted) if line.startswith("assent ")]


# Groups that do something without the name of a command, and what.
UNNAMED: dict[type[click.Command], str] = {Listing: "list", Entrance: "address"}


def complaint(line: str) -> str:
    """What is wrong with a command line, by click's own reading of it; empty when it would be taken."""
    words = shlex.split(line)[1:]
    command: click.Command = assent
    context = click.Context(assent, info_name="assent")
    while isinstance(command, click.Group) and words:
        unnamed = UNNAMED.get(type(command)) if words[0] not in command.commands else None
        name = unnamed or words.pop(0)
        found = command.get_command(context, name)
        if found is None:
            return f"{line}: there is no command {name}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    strange = [word for word in words if word.startswith("-") and word not in known]
    return f"{line}: it does not know {strange}" if strange else ""


@each_page
def test_a_command_on_a_page_exists_with_its_options(page: Path) -> None:
    found = [complaint(line) for line in commands_on(page.read_text(encoding="utf-8"))]
    assert not [words for words in found if words]


def test_a_command_that_does_not_exist_would_be_found() -> None:
    assert complaint("assent ledger prove -C x")
    assert complaint("assent run --fast x")
    assert complaint("assent web --fast")
    assert not complaint("assent halt resume --by Ada --reason 'all is well' -C x")


@each_page
def test_a_make_target_on_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"^make ([a-z]+)", "\n".join(blocks(text, "sh")), re.MULTILINE)
    named += re.findall(r"`make ([a-z]+)`", prose(text))
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert not [name for name in named if name not in targets]


# -------------------------------------------------------------------------------------------------- the tour


def test_every_stop_of_the_tour_holds_an_answer() -> None:
    both = (ROOT / "README.md").read_text(encoding="utf-8") + text_of("tour.md")
    stops = re.findall(rf"<!-- ({TOUR}[a-z-]+): .+? -->\n(.*?)<!-- end of", both, re.DOTALL)
    assert len(stops) >= 12
    assert not [name for name, said in stops if not said.startswith("```text\n$ ")], "take it: python -m docs.tour"


def drawn_lines() -> list[str]:
    """The picture's text, line by line: each piece at the column where it is drawn."""
    rows: dict[str, str] = {}
    pieces = re.findall(r'<text class="assent-r\d+" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', drawn())
    for x, y, piece in pieces:
        column = round(float(x) / CHARACTER_WIDTH)
        rows[y] = rows.get(y, "").ljust(column) + html.unescape(piece).replace("\xa0", " ")
    return [row.rstrip() for row in rows.values()]


def drawn() -> str:
    return PICTURE.read_text(encoding="utf-8")


def test_the_picture_shows_what_the_tour_was_answered() -> None:
    """The whole story of the trade, of which the page keeps the lines that say most."""
    said = text_of("tour.md").split("<!-- tour-why: ")[1].split("```")[1].splitlines()[1:]
    assert not [line for line in said if line != CUT and line not in drawn_lines()], "take it anew: python -m docs.tour"
    assert len(drawn_lines()) > 2 * len([line for line in said if line != CUT])


def test_the_picture_asks_nobody_else_for_anything() -> None:
    assert "url(http" not in drawn()
    assert "@import" not in drawn()
    assert set(re.findall(r"https?://[^\"' ]+", drawn())) == {"http://www.w3.org/2000/svg"}


@each_page
def test_a_page_names_no_place_of_the_machine_it_was_written_on(page: Path) -> None:
    assert not re.findall(r"(?:/home/|/root/|/Users/|/tmp/)\S*", page.read_text(encoding="utf-8"))
