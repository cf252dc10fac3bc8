"""A start may keep to less than the scope, never to more."""

from pathlib import Path

import pytest

from assent.config import Settings, load
from assent.config.narrowing import NAMES_MAX, NarrowingUnfit, ScopeWidened, narrowed
from assent.model.constitution import Narrowing


def desk(folder: Path, scope: str) -> Settings:
    text = f'[desk]\nname = "d"\n[scope]\n{scope}\n[[strategy]]\nname = "v"\n'
    (folder / "assent.toml").write_text(text, encoding="utf-8")
    return load(folder)


def test_nothing_asked_for_changes_nothing(tmp_path: Path) -> None:
    settings = desk(tmp_path, 'series = ["A"]')
    assert narrowed(settings, {"markets": (), "series": ()}) is settings


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ('series = ["A", "B"]', {"series": ("B",)}),
        ('series = ["A"]', {"markets": ("A-1-X",)}),  # a market may lie in a series: the desk asks for both
        ('series = ["A"]', {"events": ("A-1",)}),
        ('events = ["A-1"]', {"markets": ("A-1-X",)}),
        ('markets = ["A-1-X", "B-1-Y"]', {"series": ("A",)}),
        ('markets = ["A-1-X", "B-1-Y"]', {"events": ("A-1",)}),
    ],
)
def test_what_may_lie_in_the_scope_narrows_it(tmp_path: Path, scope: str, asked: dict[str, tuple[str, ...]]) -> None:
    settings = narrowed(desk(tmp_path, scope), asked)
    assert settings.narrowed == Narrowing(**asked)
    assert settings.constitution == load(tmp_path).constitution, "what is sealed stays as it is"


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ('series = ["A"]', {"series": ("B",)}),
        ('series = ["A"]', {"series": ("A", "B")}),
        ('events = ["A-1"]', {"events": ("A-2",)}),
        ('markets = ["A-1-X"]', {"markets": ("A-1-Y",)}),
    ],
)
def test_what_cannot_lie_in_the_scope_is_refused_as_widening(
    tmp_path: Path, scope: str, asked: dict[str, tuple[str, ...]]
) -> None:
    with pytest.raises(ScopeWidened, match="A start may only narrow the scope"):
        narrowed(desk(tmp_path, scope), asked)


@pytest.mark.parametrize("names", [("a b",), ("",), ("x" * 200,), tuple(f"N{n}" for n in range(NAMES_MAX + 1))])
def test_what_is_no_list_of_names_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(NarrowingUnfit, match="no list of names"):
        narrowed(desk(tmp_path, 'series = ["A"]'), {"markets": names})
