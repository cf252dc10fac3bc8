"""A thousand random worlds, each watched from its first record to its last by a second implementation.

After every record: accounts, positions, what may still fill, worst case, reserve, level, equity. Before every verdict:
all rules in force with what they measure, the size, the primary reason, and silence where nothing new is to be said.
At every release: the caps with the new order among the open ones. At every restart: the state and the naive books again
from the ledger's bytes. Run with `-s` to see what was judged; `ASSENT_WORLDS` asks for another number.
"""

import os
from collections import Counter
from functools import cache

import pytest
from tests.naive.arithmetic import ONE
from tests.naive.audit import Mismatch
from tests.naive.rules import RULES
from tests.naive.worlds import SmallWorld

from assent.desk.rules import LIMITS_OF
from assent.desk.rules import RULES as REGISTRY
from assent.model.constitution import LIMITS
from assent.model.facts import HaltRaised
from assent.model.levels import CAUSES
from assent.model.reasons import REASONS

WORLDS = int(os.environ.get("ASSENT_WORLDS", "1000"))
STEPS = 160
# Defence in depth: a stopped strategy is not asked at all, so no input brings its ideas as far as the gate.
# And no ledger of this version has a mode that the desk does not know.
NEVER_REACHED = {"strategy_stopped", "mode"}
# It stops a strategy that killed the process, and leaves nothing to be judged.
NEVER_RAISED = {"strategy_repeats"}
# Proven before an answer reaches the desk, or no refusal of an answer; and no two intents began with the same signs.
NEVER_ANSWERED = {
    "answers_too_many",
    "approval_requested", "second_factor_wrong", "second_factor_replayed", "second_factor_locked", "credential_refused",
    "scope_refused", "assent_ambiguous",
}  # fmt: skip
# They concern futures, of which these worlds have none; their trial is `tests/desk/test_bracket_trial.py`.
OF_FUTURES = {"stop_missing", "one_bracket"}


class Judged:
    """What was judged in all worlds together."""

    def __init__(self) -> None:
        self.traded = 0
        self.facts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.primary: Counter[str] = Counter()
        # What came of questions to people, and why answers were refused.
        self.asking: Counter[str] = Counter()
        self.overriding: Counter[str] = Counter()
        self.limits: Counter[str] = Counter()
        # What was halted for, how strictly, and who had to end it.
        self.halts: Counter[tuple[str, int, str]] = Counter()
        # Worlds in which two outcomes of one question ended in yes, and in which one ended in between.
        self.two_winners = self.scalars = 0

    def add(self, world: SmallWorld) -> None:
        audit = world.audit
        self.traded += audit.counts["FillBooked"] > 0
        self.halts.update((fact.cause, fact.level, fact.reset) for _, fact in audit.records if type(fact) is HaltRaised)
        self.facts += audit.counts
        self.refused += audit.refused
        self.passed += audit.passed
        self.primary += audit.primary
        self.asking += audit.asking.counts
        self.overriding += audit.overriding.counts
        ended, books = audit.books.ended, audit.books
        winners = Counter(books.listed[name].exclusive_group for name, value in ended.items() if value == ONE)
        self.two_winners += any(group and number > 1 for group, number in winners.items())
        self.scalars += any(0 < value < ONE for value in ended.values())
        usual = type(world.limits)()
        self.limits.update(
            limit.key for limit in LIMITS if getattr(world.limits, limit.key) != getattr(usual, limit.key)
        )


@cache
def judged() -> Judged:
    found = Judged()
    for seed in range(WORLDS):
        try:
            found.add(SmallWorld(seed).live(STEPS))
        except Mismatch as mismatch:
            raise Mismatch(f"world {seed}: {mismatch}") from None
    return found


def test_the_desk_and_the_naive_reading_agree_in_every_world() -> None:
    found = judged()
    facts = found.facts
    print(  # noqa: T201 - what was judged is the point of running this with -s
        f"\n{WORLDS} worlds, {found.traded} with fills: {facts['OrderReleased']} orders ({facts['entries']} entries), "
        f"{facts['FillBooked']} fills, {facts['FillCorrected']} corrections, {facts['OrderUnknown']} unknown, "
        f"{facts['MarketSettled']} settlements, {facts['HaltRaised']} halts, {facts['DeskStarted']} starts, "
        f"{facts['IntentRefused']} refusals, {facts['superseded']} superseded\n"
        f"primary reasons: {dict(found.primary.most_common())}\n"
        f"{facts['ApprovalRequested']} questions to people, and what came of them: {dict(found.asking.most_common())}\n"
        f"overrides, and what came of them: {dict(found.overriding.most_common())}"
    )
    assert facts["OrderReleased"] > 3 * WORLDS
    assert facts["IntentRefused"] > 10 * WORLDS


def test_most_worlds_trade() -> None:
    assert judged().traded >= 0.8 * WORLDS


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to meet every rule")
def test_every_rule_has_refused_and_has_let_pass() -> None:
    found, codes = judged(), {code for code, _ in REGISTRY}
    assert codes - set(found.refused) == NEVER_REACHED | OF_FUTURES, "no world made these rules say no"
    assert codes - set(found.primary) == NEVER_REACHED | OF_FUTURES, "in no world were these the primary reason"
    assert codes == set(found.passed), "no world let these rules pass"


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to meet every end of a look")
def test_looks_have_ended_in_every_way() -> None:
    found = judged()
    assert found.facts["looks passed"] >= 100
    assert {
        "skipped_price_missing", "skipped_drift", "skipped_slippage", "skipped_edge", "skipped_unanswered",
        "skipped_unavailable", "skipped_restart",
    } <= set(found.primary)  # fmt: skip


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to meet every kind of fact")
def test_the_awkward_things_of_a_market_s_life_have_happened() -> None:
    found = judged()
    facts = found.facts
    assert found.two_winners >= 10
    assert found.scalars >= 50
    for kind in (
        "LookRequested", "IntentSkipped", "WouldRelease", "WouldOrderEnded",
        "OrderUnknown", "OrderResolved", "OrderNotSent", "OrderRefused", "OrderClosed", "OrderQuarantined",
        "CancelReleased", "CancelEnded", "FillCorrected", "FeeDiffered", "MarketSettled", "CashMoved", "HaltRaised",
        "HaltCleared", "ResumeRefused", "DiscrepancyFound", "AccountSnapshot",
        "ConstitutionChanged", "AmendmentRefused", "superseded", "SettlementCorrected", "CancelKept",
        "ApprovalRequested", "AssentGiven", "AssentDenied", "ApprovalEnded", "AssentRefused",
    ):  # fmt: skip
        assert facts[kind] >= 20, kind


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to be refused for everything")
def test_people_have_answered_in_every_way_and_questions_have_ended_in_every_way() -> None:
    found = judged().asking
    assert found["releases on assent"] >= 500
    for what in (
        "assents to open", "assents to close", "assents to cancel", "noes", "noes after enough had said yes", "expired",
        "superseded", "ended_by_hand", "exits that went alone",
    ):  # fmt: skip
        assert found[what] >= 10, what
    codes = {code for code, reason in REASONS.items() if reason.family == "assent"}
    assert codes - {code for code, times in found.items() if times >= 20} == NEVER_ANSWERED


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to be refused for everything")
def test_halts_were_set_aside_refused_to_be_and_held_again_in_every_way() -> None:
    found = judged().overriding
    for what in (
        "HaltOverridden", "time", "asked", "raised again", "crossed again", "cycles with an override",
        *(code for code, reason in REASONS.items() if reason.family == "override"), "second_factor_missing",
    ):  # fmt: skip
        assert found[what] >= 5, what


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to meet every halt")
def test_every_cause_has_halted_and_what_came_back_too_often_waited_for_a_person() -> None:
    halted = judged().halts
    assert set(CAUSES) - {cause for cause, *_ in halted} == NEVER_RAISED
    for cause in ("stale_data", "clock_jump", "account_unavailable"):
        assert halted[cause, 1, "clear_for"] >= 20, cause
        assert halted[cause, 1, "human"] >= 5, cause
    assert min(halted["kill_switch_guard", level, "switch"] for level in (1, 2)) >= 20


@pytest.mark.skipif(WORLDS < 1_000, reason="fewer worlds were asked for than it takes to draw every limit")
def test_every_limit_is_drawn_in_some_world() -> None:
    assert {limit.key for limit in LIMITS} - set(judged().limits) == {"events", "unprotected_contracts_max"}


def test_the_naive_rules_are_those_of_the_registry_in_their_order() -> None:
    assert [code for code, *_ in RULES] == [code for code, _ in REGISTRY]
    assert {code: keys for code, _, _, keys in RULES if keys} == LIMITS_OF
