"""A story told from a few records is the one that the whole ledger tells, and a name means here what it means there."""

import threading
from collections import Counter
from pathlib import Path

import pytest
from tests.cli.support import RAIN, SNOW, Cli, Script, lived_desk
from tests.console.reading.ledgers import NOW, Asking, Growing, Whole, entries_of, read_whole, write_world
from tests.property.worlds import World

from assent.cli.story_text import story_lines
from assent.console.reading.index import Index, index_of
from assent.console.reading.source import Trouble
from assent.console.reading.stories import NotOne
from assent.console.reading.tail import Tail
from assent.desk.story import Story, find, tell
from assent.ledger import views
from assent.ledger.sqlite import SqliteStore
from assent.model import inputs
from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven, AssentRefused
from assent.model.facts import IntentProposed, IntentRefused, OrderReleased
from assent.model.overrides import HaltOverridden, OverrideAsked, OverrideEndAsked
from assent.model.units import HOUR, MICRO


def polled(path: Path) -> Tail:
    tail = Tail(path, now=lambda: NOW)
    while tail.poll():
        pass
    return tail


def every_name(whole: Whole) -> list[tuple[str, str]]:
    """Names and the intents that they mean."""
    names = []
    for _, _, fact in whole.records:
        if isinstance(fact, IntentProposed | IntentRefused):
            names += [(fact.intent.intent_id, fact.intent.intent_id), (fact.intent.code.lower(), fact.intent.intent_id)]
        elif isinstance(fact, OrderReleased):
            names.append((fact.order.order_id, fact.order.intent_id))
    return names


@pytest.mark.parametrize(("world", "seed"), [(World, 0), (World, 4), (World, 5), (Asking, 4), (Asking, 9)])
def test_every_intent_has_the_very_story_that_the_whole_ledger_tells(
    tmp_path: Path, world: type[World], seed: int
) -> None:
    path = write_world(tmp_path / "l.sqlite", seed, 700, world=world)
    tail, whole = polled(path), read_whole(path)
    names = every_name(whole)
    assert len(names) > 60
    for name, intent_id in names:
        assert tail.story(name) == tell(whole.records, intent_id), name
    tail.stop()


def test_a_name_means_what_it_means_on_the_command_line(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 2, 700)
    tail, whole = polled(path), read_whole(path)
    told = 0
    for name, _ in every_name(whole)[::7]:
        for wanted in (name[:4], name[:7], name.upper(), f" {name} ", name[2:9]):
            meant, found = find(whole.records, wanted), tail.story(wanted)
            if len(meant) == 1:
                assert isinstance(found, Story)
                assert found.intent.intent_id == meant[0]
                told += 1
            else:
                assert isinstance(found, NotOne)
                assert (len(found.candidates) > 1) is (len(meant) > 1)
    assert told > 10
    tail.stop()


@pytest.mark.parametrize(
    "wanted", ["", "  ", "nothing", "'; DROP TABLE records; --", "%", "\x00", "\U0010ffff", "x" * 5000]
)
def test_a_name_that_means_nothing_is_answered_with_a_reason(tmp_path: Path, wanted: str) -> None:
    tail = polled(write_world(tmp_path / "l.sqlite", 1, 100))
    found = tail.story(wanted)
    assert isinstance(found, NotOne)
    assert found.candidates == ()
    assert found.why
    tail.stop()


def test_what_people_said_is_told_where_it_belongs_and_decides_how_it_ended(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 9, 900, world=Asking)
    tail, whole = polled(path), read_whole(path)
    seen: Counter[str] = Counter()
    statuses = {row.intent_id: row.status for row in tail.snapshot.intents.rows}
    asked = [fact.intent_id for _, _, fact in whole.records if isinstance(fact, ApprovalRequested)]
    for intent_id in asked:
        story = tail.story(intent_id)
        assert isinstance(story, Story)
        told = [type(step.fact) for step in story.steps]
        assert told[0] is ApprovalRequested
        seen[story.verdict] += 1
        expected = {
            "denied": ("REJECTED", AssentDenied), "expired": ("EXPIRED", ApprovalEnded),
            "superseded": ("SUPERSEDED", ApprovalEnded), "ended by hand": ("EXPIRED", ApprovalEnded),
            "skipped": ("REJECTED", AssentGiven), "released": (statuses[intent_id], ApprovalRequested),
        }  # fmt: skip
        status, kind = expected[story.verdict]
        assert (statuses[intent_id], kind in told) == (status, True)
        if story.order:
            assert AssentGiven in told
    assert seen.keys() == {"denied", "expired", "superseded", "ended by hand", "skipped", "released"}
    refused = sum(isinstance(fact, AssentRefused) and fact.intent_id != "" for _, _, fact in whole.records)
    assert refused > 20
    tail.stop()


def test_a_halt_that_was_set_aside_when_an_order_left_stands_in_its_story(tmp_path: Path) -> None:
    script = Script()
    script.tell(inputs.HaltAsked("operator", "ada", "looks odd", script.now))
    script.tell(OverrideAsked("operator", HOUR, "ben", "it is known", script.now, factor=True))
    script.trade(RAIN, qty_max=10 * MICRO)
    script.tell(OverrideEndAsked("operator", "ben", "enough", script.now))
    script.idea(SNOW)
    path = tmp_path / "l.sqlite"
    store = SqliteStore.open(path, create=True)
    store.append(entries_of([(ts, fact) for _, ts, fact in script.facts]))
    store.close()
    tail, whole = polled(path), read_whole(path)
    released, refused = (tail.story(row.intent_id) for row in tail.snapshot.intents.rows)
    assert isinstance(released, Story)
    assert isinstance(refused, Story)
    assert [type(step.fact) for step in released.overrides] == [HaltOverridden]
    assert refused.overrides == ()
    for story in (released, refused):
        assert story == tell(whole.records, story.intent.intent_id)
    tail.stop()


def test_a_story_is_as_fresh_as_the_ledger(tmp_path: Path) -> None:
    growing = Growing(tmp_path / "l.sqlite", 3, 300)
    tail = Tail(growing.path, now=lambda: NOW)
    told = 0
    while growing.left:
        growing.grow(11)
        tail.poll()
        tail.poll()
        whole = read_whole(growing.path)
        ids = [fact.intent.intent_id for _, _, fact in whole.records if isinstance(fact, IntentProposed)]
        if ids:
            assert tail.story(ids[-1]) == tell(whole.records, ids[-1])
            told += 1
    assert told > 10
    growing.close()
    tail.stop()


def test_the_text_of_a_story_is_what_assent_why_prints(tmp_path: Path, cli: Cli) -> None:
    lived = lived_desk(tmp_path / "desk")
    tail = polled(lived.settings.ledger_path)
    for wanted in (lived.won.order_id, lived.lost.intent_id, lived.refused):
        story = tail.story(wanted)
        assert isinstance(story, Story)
        assert cli("why", wanted, "-C", lived.folder).out == "\n".join(story_lines(story)) + "\n"
    tail.stop()


def test_while_the_index_is_behind_a_question_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "RECORDS_A_TURN", 60)
    path = write_world(tmp_path / "l.sqlite", 1, 400)
    tail, whole = polled(path), read_whole(path)
    intent_id = every_name(whole)[0][1]
    found = tail.story(intent_id)
    assert isinstance(found, Trouble)
    assert found.standing == "catching up"
    assert f"60 of {len(whole.records)}" in found.what
    while tail._chores.turn():
        pass
    assert isinstance(tail.story(intent_id), Story)
    tail.stop()


def test_an_index_that_is_damaged_is_made_anew_and_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 300)
    whole = read_whole(path)
    intent_id = every_name(whole)[0][1]
    index_of(path).write_bytes(b"nonsense " * 4000)
    tail = polled(path)
    assert isinstance(tail.story(intent_id), Story)
    tail.stop()
    foreign = write_world(tmp_path / "other.sqlite", 2, 50)
    before = foreign.read_bytes()
    tail = Tail(path, now=lambda: NOW, index=foreign)
    tail.poll()
    assert isinstance(tail.story(intent_id), Story)
    tail.stop()
    assert foreign.read_bytes() == before


def test_the_index_belongs_to_the_ledger_that_lies_there_now(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 300)
    tail = polled(path)
    assert isinstance(tail.story(every_name(read_whole(path))[0][1]), Story)
    write_world(tmp_path / "other.sqlite", 2, 300).replace(path)
    tail.poll()
    tail.poll()
    other = every_name(read_whole(path))[-1][1]
    assert isinstance(tail.story(other), Story)
    tail.stop()


def test_an_index_may_be_used_by_many_threads(tmp_path: Path) -> None:
    path = write_world(tmp_path / "l.sqlite", 1, 400)
    tail, whole = polled(path), read_whole(path)
    names, wrong = every_name(whole), []

    def ask(part: list[tuple[str, str]]) -> None:
        for name, intent_id in part:
            found = tail.story(name)
            if not isinstance(found, Story) or found.intent.intent_id != intent_id:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(names[at::4],)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tail.stop()
    assert wrong == []


def test_a_missing_ledger_answers_every_question_in_words(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "l.sqlite", now=lambda: NOW)
    for answer in (tail.story("x"), tail.records(), tail.record(1), tail.records(stream="day", value="2026-01-01")):
        assert isinstance(answer, Trouble)
        assert answer.standing == "missing"
        assert answer.todo
    assert not Index(tmp_path / "never")._path.exists()
    tail.stop()
