"""Strategies that do not ship: found by file and by entry point, refused by name clash, digested as they are run."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.config.kinds import FILE_BYTES_MAX, Kind, KindError, find, load_file, offers
from assent.runtime.build import source_digest

SOURCE = """
'''Says nothing.'''
from assent.strategy.options import Option
OPTIONS = (Option("gap", "price", 0, 100, 5, '"0.00005"', "A gap."),)
class Quiet:
    def __init__(self, name): self.name = name
    def on_quote(self, view, quote): return None
def build(name, options): return Quiet(name)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "quiet.py").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place in which packages are installed, as an installer leaves them there."""
    place = tmp_path / "site"
    install(place, "loud_package", "loud")
    monkeypatch.syspath_prepend(str(place))
    yield place
    for name in [name for name in sys.modules if name.partition(".")[0].endswith("_package")]:
        del sys.modules[name]


def install(place: Path, package: str, kind: str, source: str = SOURCE) -> None:
    (place / package).mkdir(parents=True)
    (place / package / "__init__.py").write_text("")
    (place / package / "trade.py").write_text(source)
    told = place / f"{package}-1.2.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (told / "entry_points.txt").write_text(f"[assent.strategies]\n{kind} = {package}.trade\n")


def test_what_ships_needs_no_loading(desk: Path) -> None:
    assert find(desk, "threshold") is None


def test_a_file_beside_the_desk_is_a_kind(desk: Path) -> None:
    kind = find(desk, "quiet")
    assert kind is not None
    assert (kind.name, kind.summary, [option.key for option in kind.options]) == ("quiet", "Says nothing.", ["gap"])
    assert kind.make("mine", {"gap": 5}).name == "mine"


def test_tests_and_private_files_are_no_kinds(desk: Path) -> None:
    for name in ("test_quiet.py", "conftest.py", "_helper.py", "note.txt"):
        (desk / "strategies" / name).write_text("raise RuntimeError")
    assert [offer.name for offer in offers(desk)] == ["threshold", "quiet"]


def test_the_digest_is_of_what_was_read_and_changes_with_every_byte(desk: Path) -> None:
    path = desk / "strategies" / "quiet.py"
    first = load_file(path).digest
    assert first == f"sha256:{source_digest(path)}" == load_file(path).digest
    path.write_text(SOURCE + "#")
    assert load_file(path).digest != first


def test_a_changed_file_is_loaded_as_it_is_now(desk: Path) -> None:
    path = desk / "strategies" / "quiet.py"
    load_file(path)
    path.write_text(SOURCE.replace("Says nothing", "Says less"))
    assert load_file(path).summary == "Says less."


def test_an_installed_package_offers_a_kind(desk: Path, site: Path) -> None:
    kind = find(desk, "loud")
    assert kind is not None
    assert kind.source == "package loud_package 1.2 (loud_package.trade)"
    assert kind.digest == f"sha256:{source_digest(site / 'loud_package')}"
    assert kind.make("mine", {}).name == "mine"


def test_a_package_is_digested_whole(desk: Path, site: Path) -> None:
    before = find(desk, "loud")
    (site / "loud_package" / "helper.py").write_text("x = 1\n")
    after = find(desk, "loud")
    assert isinstance(before, Kind)
    assert isinstance(after, Kind)
    assert before.digest != after.digest


def test_nothing_of_a_stranger_runs_before_its_kind_is_asked_for(desk: Path, site: Path) -> None:
    install(site, "rude_package", "rude", "raise SystemExit(1)")
    assert {"loud", "rude"} <= {offer.name for offer in offers(desk)}
    assert find(desk, "quiet") is not None
    assert "rude_package.trade" not in sys.modules
    with pytest.raises(KindError, match=r"rude_package.* raised while it was loaded: .*SystemExit: 1"):
        find(desk, "rude")


@pytest.mark.parametrize("name", ["threshold", "loud"])
def test_a_name_that_is_offered_twice_is_refused_with_both_places(desk: Path, site: Path, name: str) -> None:
    (desk / "strategies" / f"{name}.py").write_text(SOURCE)
    with pytest.raises(KindError, match=f"the name {name} is offered more than once") as caught:
        find(desk, name)
    assert str(desk / "strategies" / f"{name}.py") in caught.value.what
    assert ("shipped" if name == "threshold" else "package loud_package") in caught.value.what


def test_a_name_that_nobody_offers_says_where_was_looked(desk: Path) -> None:
    with pytest.raises(KindError, match=r"there is no strategies/martingale\.py") as caught:
        find(desk, "martingale")
    assert caught.value.unknown


def test_a_file_that_is_too_large_is_not_read_on(desk: Path) -> None:
    path = desk / "strategies" / "large.py"
    path.write_text("#" * (FILE_BYTES_MAX + 1))
    with pytest.raises(KindError, match="it is larger than"):
        load_file(path)


def test_a_person_who_interrupts_a_load_is_heard(desk: Path) -> None:
    path = desk / "strategies" / "long.py"
    path.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_file(path)


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ('Option("kind", "count", 0, 9, 5, "5", "x.")', "is taken"),
        ('Option("Gap", "count", 0, 9, 5, "5", "x.")', "no small word"),
        ('Option(None, "count", 0, 9, 5, "5", "x.")', "cannot be read"),
        ('Option("gap", "count", 0, 9, 10, "5", "x.")', "a default that it does not allow"),
        ('Option("gap", "count", 0, 9, True, "5", "x.")', "a default that it does not allow"),
        ('Option("gap", "count", 0, 9, 5, "50", "x.")', "cannot be read"),
        ('Option("gap", "weight", 0, 9, 5, "5", "x.")', "cannot be read"),
        ('Option("gap", "choice", 0, 0, "a", \'"b"\', "x.", ("a",))', "cannot be read"),
        ('Option("gap", "choice", 0, 0, "b", \'"a"\', "x.", ("a",))', "a default that it does not allow"),
        ('Option("gap", "price", 0.5, 9, 5, "5", "x.")', "cannot be read"),
        ('Option("a", "count", 0, 9, 5, "5", "x."), Option("a", "count", 0, 9, 5, "5", "x.")', "stands there twice"),
    ],
)
def test_a_table_that_could_not_be_checked_against_is_refused(desk: Path, option: str, fault: str) -> None:
    path = desk / "strategies" / "odd.py"
    path.write_text(
        f"from assent.strategy.options import Option\nOPTIONS = ({option},)\ndef build(name, options): ...\n"
    )
    with pytest.raises(KindError, match=fault):
        load_file(path)


@given(st.text(max_size=80) | st.binary(max_size=80))
def test_a_file_of_anything_is_a_kind_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.py"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    with pytest.raises(KindError) as caught:
        load_file(path)
    assert caught.value.what.isprintable()
