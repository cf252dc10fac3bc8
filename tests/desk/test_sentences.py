"""Every fact has its sentence, and no sentence can do anything to a terminal."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.support import HOSTILE, Script

from assent.desk.sentences import QUIET, SENTENCES, WIDTH_MAX, is_notable, sentence_of
from assent.model import facts
from assent.model.belts import Belts
from assent.model.facts import Fact, kind_of
from assent.model.inputs import Absent, Accepted
from assent.model.intents import Check, Intent
from assent.model.orders import Correction
from assent.model.units import MICRO, SECOND

KINDS = get_args(Fact)


def test_every_fact_has_a_sentence_and_every_sentence_a_fact() -> None:
    assert set(SENTENCES) == set(KINDS)
    assert {kind.__name__ for kind in KINDS} >= QUIET


def values(kind: Any) -> Any:
    """Any value of a field's type, with text that is up to no good."""
    if kind is str:
        return st.just(HOSTILE)
    if kind is int:
        return st.integers(0, 3)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = msgspec.structs.fields(kind)
        return st.builds(kind, **{field.name: values(field.type) for field in hints})
    return st.from_type(kind)


st.register_type_strategy(str, st.just(HOSTILE))
st.register_type_strategy(int, st.integers(0, 3))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_hostile_fact_is_told_in_one_harmless_line(kind: type, data: st.DataObject) -> None:
    fact = data.draw(values(kind))
    said = sentence_of(fact)
    assert 0 < len(said) <= WIDTH_MAX
    assert all(" " <= char <= "~" for char in said)


def test_a_refusal_gives_the_rule_its_measured_value_and_its_limit() -> None:
    script = Script()
    script.idea(fair=430_000)
    said = [sentence_of(fact) for _, _, fact in script.facts if isinstance(fact, facts.IntentRefused)]
    assert said[0].startswith("refused [edge] -0.007055, limit 0.02: scripted may not buy 22 YES at 0.42 in SIM-RAIN (")


def test_a_refusal_by_a_rule_without_numbers_names_the_rule() -> None:
    intent = Intent("i-1", "CODE99", "s", 1, "open", "X", "buy", "limit", 420_000, MICRO, "ioc", 0, 0)
    fact = facts.IntentRefused(intent, "scope", (Check("scope", False),), None, 0)
    assert sentence_of(fact) == "refused [scope]: s may not buy 1 YES at 0.42 in X (code CODE99)"


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (facts.OrderResolved("abcdefgh-1", Absent("not listed"), "poll"), "it never arrived (not listed); by poll"),
        (facts.OrderResolved("abcdefgh-1", Accepted("v", MICRO, 0), "poll"), "it is there, 1 filled, 0 resting"),
        (facts.FillCorrected(Correction("f-1", 0, 0, 0, 0)), "the venue took fill f-1 back"),
        (facts.FillCorrected(Correction("f-1", 410_000, MICRO, 5_000, 0)), "fill f-1 was really 1 at 0.41, fee $0.005"),
        (facts.MarketSettled("X", "scalar", 250_000, MICRO, 250_000), "X settled scalar at 0.25; held 1, paid $0.25"),
        (facts.MarketSettled("X", "no", 0, 0, 0), "X settled no"),
        (
            facts.DeskStarted("build", ("one",), belts=Belts(900 * SECOND, 500 * MICRO, cancel_on_pause=True)),
            "entries rest for 15 m at most, orders in a group of 500 contracts in 15 seconds, taken off on a pause",
        ),
        (facts.CashMoved(-2 * MICRO, "rent"), "$2.00 went out: rent"),
        (facts.HaltRaised("operator", 2, "human", "Ada", "lunch"), "HALTED [operator] by Ada: lunch"),
        (facts.OrderNotSent("abcdefgh-1", "halted"), "order abcdefgh not sent [halted]: A halt came between"),
    ],
)
def test_a_sentence_says_what_the_fact_says(fact: Fact, said: str) -> None:
    assert said in sentence_of(fact)


def test_what_is_only_for_the_record_is_not_told_to_who_watches() -> None:
    assert not is_notable(facts.StateMarked(1, "x"))
    assert is_notable(facts.HaltRaised("operator", 2, "human", "Ada", "lunch"))
    assert kind_of(facts.StateMarked(1, "x")) in QUIET
