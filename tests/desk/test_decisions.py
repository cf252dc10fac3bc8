"""A strategy that asks for it has one record a cycle, trade or no trade, with the reason and its scores."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, buy, close, kinds
from tests.model.support import HOSTILE

from assent.cli.story_text import story_lines
from assent.desk.desk import Desk
from assent.desk.sentences import sentence_of
from assent.desk.story import tell
from assent.desk.strategy import View
from assent.model.decisions import Decision
from assent.model.errors import InvariantBroken
from assent.model.facts import DecisionRecorded, IntentRefused, StrategyStopped
from assent.model.inputs import QuoteSeen
from assent.model.intents import Score
from assent.model.units import MICRO, SECOND

SCORES = (Score("dvs", 810_000), Score("eqs", 760_000))


class Keeper:
    """Says at each cycle what the test wants it to say, and has it recorded."""

    name = "keeper"
    records_decisions = True

    def __init__(self, says: Any = None) -> None:
        self.says = says

    def on_cycle(self, view: View) -> Any:
        return self.says


def decided(says: Any) -> tuple[Bench, DecisionRecorded]:
    """A cycle in which it says this, and what was recorded of it."""
    keeper = Keeper()
    bench = Bench(strategies=(keeper,))
    keeper.says = says
    told = [fact for fact in bench.later(SECOND).cycle() if isinstance(fact, DecisionRecorded)]
    assert len(told) == 1
    return bench, told[0]


@pytest.mark.parametrize("nothing", [None, [], (), Decision()])
def test_a_cycle_without_a_word_is_recorded_as_one(nothing: Any) -> None:
    _, fact = decided(nothing)
    assert fact == DecisionRecorded("keeper", "NO_TRADE", "nothing_proposed", ())


def test_a_strategy_says_why_it_does_not_trade_and_how_its_scores_stood() -> None:
    _, fact = decided(Decision("the range is too narrow", SCORES))
    assert fact == DecisionRecorded(
        "keeper", "NO_TRADE", "the range is too narrow", (("dvs", 810_000), ("eqs", 760_000))
    )


def test_an_idea_that_was_refused_is_no_trade_for_the_reason_of_the_rule() -> None:
    _, fact = decided(Decision("it looked good", SCORES, (buy(fair=None),)))
    assert (fact.decision, fact.reason) == ("NO_TRADE", "edge")


def test_a_release_is_a_trade_for_the_strategys_own_reason() -> None:
    _, fact = decided(Decision("it looks good", SCORES, (buy(qty_max=MICRO),)))
    assert (fact.decision, fact.reason) == ("TRADE", "it looks good")
    _, fact = decided([buy(qty_max=MICRO, reason="cheap", scores=SCORES)])
    assert (fact.decision, fact.reason, fact.scores) == ("TRADE", "cheap", (("dvs", 810_000), ("eqs", 760_000)))


def test_one_release_among_refusals_makes_it_a_trade() -> None:
    _, fact = decided([close(), buy(qty_max=MICRO, reason="cheap")])
    assert (fact.decision, fact.reason) == ("TRADE", "cheap")


def test_taking_an_order_off_is_no_trade() -> None:
    keeper = Keeper()
    bench = Bench(strategies=(keeper,))
    keeper.says = [buy(qty_max=MICRO)]
    bench.later(SECOND).cycle()
    (order,) = (state.order for state in bench.state.orders.values())
    bench.accept(order)
    keeper.says = Decision("it went stale", (), (buy(action="cancel", order_id=order.order_id, price=0),))
    told = bench.later(SECOND).cycle()
    assert kinds(told)[-2:] == ["CancelReleased", "DecisionRecorded"]
    assert [(f.decision, f.reason) for f in told if isinstance(f, DecisionRecorded)] == [("NO_TRADE", "it went stale")]


def test_equal_decisions_are_one_record_a_cycle_and_a_refusal_that_is_only_counted_is_still_the_reason() -> None:
    keeper = Keeper([buy(fair=None)])
    bench = Bench(strategies=(keeper,))
    for _ in range(5):
        told = bench.later(SECOND).cycle()
        assert [(f.decision, f.reason) for f in told if isinstance(f, DecisionRecorded)] == [("NO_TRADE", "edge")]
    assert [kind for kind in kinds(bench.facts) if kind == "IntentRefused"] == ["IntentRefused"]


def test_nothing_is_recorded_between_cycles_or_for_a_strategy_that_did_not_ask() -> None:
    keeper = Keeper()
    keeper.records_decisions = False
    bench = Bench(strategies=(keeper,))
    keeper.says = Decision("quietly", SCORES, (buy(qty_max=MICRO),))
    assert "OrderReleased" in kinds(bench.later(SECOND).cycle())
    assert not bench.of(DecisionRecorded)
    asking = Bench(strategies=(Keeper(),))
    before = len(asking.of(DecisionRecorded))
    for _ in range(5):
        asking.later(SECOND).quote()
    assert len(asking.of(DecisionRecorded)) == before


BAD = [
    Decision(reason="\x1b[31m"), Decision(reason="x" * 201), Decision(reason=None), Decision(scores=[]),
    Decision(scores=(Score("dvs", 0.8),)), Decision(scores=SCORES * 9), Decision(proposals=7),
    Decision(proposals=(buy(), 7)), Decision(proposals=[buy()] * 65), Decision(proposals=None),
]  # type: ignore[arg-type, list-item]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_decision_that_cannot_be_recorded_stops_its_strategy_with_nothing_released(bad: Decision) -> None:
    keeper = Keeper()
    bench = Bench(strategies=(keeper,))
    keeper.says = bad
    assert kinds(bench.later(SECOND).cycle()) == ["StrategyStopped", "HaltRaised"]


@pytest.mark.parametrize("thing", HOSTILE, ids=lambda thing: type(thing).__name__)
@pytest.mark.parametrize("field", ["reason", "scores", "proposals"])
def test_whatever_stands_in_a_decision_it_is_recorded_or_its_strategy_stopped(field: str, thing: Any) -> None:
    keeper = Keeper()
    bench = Bench(strategies=(keeper,))
    keeper.says = Decision(**{field: thing})
    told = kinds(bench.later(SECOND).cycle())
    assert ("StrategyStopped" in told) is not ("DecisionRecorded" in told)


def test_a_strategy_cannot_bring_a_decision_of_its_own_making() -> None:
    """Reading a field of a subclass could run its owner's code in the middle of the desk."""

    class Own(Decision):
        pass

    keeper = Keeper()
    bench = Bench(strategies=(keeper,))
    keeper.says = Own("mine")
    bench.later(SECOND).cycle()
    assert [fact.reason for fact in bench.of(StrategyStopped)] == ["strategy_exception"]


def test_a_decision_is_for_cycles_and_nonsense_at_a_quote() -> None:
    class Hasty(Keeper):
        def on_quote(self, view: View, quote: QuoteSeen) -> Any:
            return Decision("now")

    bench = Bench(strategies=(Hasty(),))
    assert [fact.reason for fact in bench.of(StrategyStopped)] == ["strategy_exception"]


def test_a_strategy_without_cycles_cannot_have_them_recorded() -> None:
    class Odd:
        name = "odd"
        records_decisions = True

    with pytest.raises(InvariantBroken, match="decisions_are_recorded_at_cycles"):
        Desk([Odd()])


def test_decisions_are_recorded_in_the_order_of_names_whoever_is_listed_first() -> None:
    names = []
    for order in (("a", "b"), ("b", "a")):
        keepers = []
        for name in order:
            keepers.append(Keeper())
            keepers[-1].name = name
        bench = Bench(strategies=keepers)
        names.append([fact.strategy for fact in bench.of(DecisionRecorded)])
    assert names == [["a", "b"]] * 2


def test_the_story_of_an_intent_tells_what_its_cycle_came_to() -> None:
    bench, fact = decided(Decision("it looked good", SCORES, (buy(fair=None),)))
    records = [(seq, ts, one) for seq, (ts, one) in enumerate(bench.records, start=1)]
    (refused,) = bench.of(IntentRefused)
    story = tell(records, refused.intent.intent_id)
    assert story is not None
    assert story.decision == fact
    assert "in all, keeper decided NO_TRADE, dvs 81 %, eqs 76 %: [edge]" in "\n".join(story_lines(story))
    silent = tell(records[:-1], refused.intent.intent_id)
    assert silent is not None
    assert silent.decision is None


def test_a_code_is_told_with_its_sentence_and_a_strategys_words_as_they_are() -> None:
    scores = (("dvs", 810_000),)
    assert sentence_of(DecisionRecorded("s", "NO_TRADE", "edge", scores)).startswith(
        "s decided NO_TRADE, dvs 81 %: [edge]: The expected gain"
    )
    assert sentence_of(DecisionRecorded("s", "NO_TRADE", "too quiet", ())) == "s decided NO_TRADE: too quiet"
    assert sentence_of(DecisionRecorded("s", "TRADE", "", ())) == "s decided TRADE"
    assert MARKET.id not in sentence_of(DecisionRecorded("s", "TRADE", "", ()))
