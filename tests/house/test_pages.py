"""The pages about the house can be found, and say what a decision page must say."""

import re
from pathlib import Path

import pytest

import assent

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
PARTS = ["## Why", "## What we decided", "## What it costs", "## When we would look again"]


def page_name(path: Path) -> str:
    return path.name


def test_every_decision_is_listed_once_and_every_listed_one_exists() -> None:
    listed = re.findall(r"\]\(([^)#]+\.md)\)", (DECISIONS / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in PAGES]


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_a_decision_gives_its_reason_first_and_its_price(path: Path) -> None:
    headings = re.findall(r"^## .*$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == PARTS


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.md")), ids=page_name)
def test_a_link_between_pages_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!\w+:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    broken = [target for target in targets if not (path.parent / target).exists()]
    assert not broken


def test_a_word_has_one_meaning() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\*", (ROOT / "docs" / "the-words.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(words) == len(set(words)) > 0


def test_the_version_is_the_same_everywhere() -> None:
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    assert declared[1] == assent.__version__
