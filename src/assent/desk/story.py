"""Why: everything that the ledger knows of one intent, from the idea to the money, and nothing that it does not.

A pure reading of records: nothing is asked, computed anew or guessed, so a story told years later is the same story.
Gains are attributed to single intents by the order of the fills (what was opened first is given back first); the
books themselves know only averages, so sums over intents may differ from the account by the rounding.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from assent.desk.halt_history import overridden_at
from assent.desk.lots import Lots, Money, Settled, Told
from assent.desk.question import EndedBy, Question, question_of
from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven, AssentRefused
from assent.model.belts import Belts
from assent.model.facts import (
    CancelEnded,
    CancelKept,
    CancelReleased,
    ConstitutionChanged,
    DecisionRecorded,
    DeskStarted,
    DiscrepancyFound,
    Fact,
    FeeDiffered,
    FillBooked,
    FillCorrected,
    HaltCleared,
    HaltRaised,
    InstrumentListed,
    IntentProposed,
    IntentRefused,
    IntentSkipped,
    LedgerOpened,
    LookRequested,
    MarketSettled,
    OrderAccepted,
    OrderClosed,
    OrderNotSent,
    OrderQuarantined,
    OrderRefused,
    OrderReleased,
    OrderResolved,
    OrderUnknown,
)
from assent.model.ids import CODE_ALPHABET, CODE_LENGTH, is_human_code
from assent.model.instruments import Future, Instrument
from assent.model.intents import Check, Intent, QuoteTaken
from assent.model.orders import Fill, Order
from assent.model.overrides import HaltOverridden, OverrideEnded
from assent.model.reasons import REASONS, Unit, sentence
from assent.model.settling import BooksAdopted, FillRecognised, OrderAdopted
from assent.model.units import MICRO, format_micros, mul_down
from assent.model.would import AckSimulated, WouldOrderEnded, WouldRelease

AGREED = "Every rule agreed."
# Facts that speak of one order by its id.
_OF_AN_ORDER = (
    OrderAccepted, OrderRefused, OrderNotSent, OrderUnknown, OrderResolved, OrderClosed, OrderQuarantined,
    CancelReleased, CancelEnded, CancelKept, AckSimulated, WouldOrderEnded,
)  # fmt: skip
# Facts that speak of one intent by its id, after it was proposed.
_OF_AN_INTENT = (
    LookRequested, IntentSkipped, ApprovalRequested, AssentGiven, AssentDenied, ApprovalEnded, AssentRefused,
)  # fmt: skip
Verdict = Literal[
    "released", "would be released", "waiting", "skipped", "refused",
    "denied", "expired", "superseded", "ended by hand",
]  # fmt: skip
_ENDED: dict[EndedBy, Verdict] = {
    "denied": "denied", "expired": "expired", "superseded": "superseded", "ended_by_hand": "ended by hand",
}  # fmt: skip
# What any story may need, whichever market it is about: who tells one from some of the records needs all of these.
LANDMARKS: frozenset[type] = frozenset(
    (
        LedgerOpened, ConstitutionChanged, DeskStarted, HaltRaised, HaltCleared, HaltOverridden, OverrideEnded,
        DiscrepancyFound,
    )
)  # fmt: skip


class Judged(msgspec.Struct, frozen=True):
    """A check with what a reader needs to understand it. `unit` says how to show its numbers."""

    rule: str
    ok: bool
    measured: int | None
    limit: int | None
    unit: Unit
    sentence: str


class Ages(msgspec.Struct, frozen=True):
    """How old the quote was when it was used: by the venue's time, since it came in, since it was last proven."""

    source_ns: int
    received_ns: int
    proven_ns: int


class Step(msgspec.Struct, frozen=True):
    """One later record that concerns the intent."""

    seq: int
    ts: int
    fact: Fact


class Look(msgspec.Struct, frozen=True):
    """The last look of an intent, where it did not end in a release: on which quote, and what each rule said of it."""

    seq: int
    ts: int
    reason: str
    sentence: str
    detail: str
    repeats: int
    quote: QuoteTaken | None
    ages: Ages | None
    checks: tuple[Judged, ...]


class Story(msgspec.Struct, frozen=True):
    """One intent, told in the order in which a person asks."""

    seal: LedgerOpened | None
    seq: int
    ts: int
    intent: Intent
    words: str
    instrument: Instrument | None
    held_before: int
    verdict: Verdict
    reason: str | None
    sentence: str
    repeats: int
    quote: QuoteTaken | None
    ages: Ages | None
    checks: tuple[Judged, ...]
    order: Order | None
    digest: str
    assent: str
    belts: Belts | None
    question: Question | None
    look: "Look | None"
    steps: tuple[Step, ...]
    fills: tuple[Fill, ...]
    settled: Settled | None
    money: Money | None
    decision: DecisionRecorded | None
    hindsight_per_contract: int | None
    # Halts that were set aside when it was released, or else judged.
    overrides: tuple[Step, ...] = ()


def in_words(intent: Intent, instrument: Instrument | None = None) -> str:
    """What the intent does, as a person says it: selling YES that we do not hold is buying NO."""
    if intent.action == "cancel":
        return f"cancel order {(intent.order_id or '?')[:8]}"
    if intent.action == "claim":
        return "claim the settlement"
    if type(instrument) is Future or intent.price > MICRO:
        return f"{intent.side} at {format_micros(intent.price)}"
    yes = (intent.action == "open") == (intent.side == "buy")
    price = intent.price if yes else MICRO - intent.price
    return f"{'buy' if intent.action == 'open' else 'sell'} {'YES' if yes else 'NO'} at {format_micros(price)}"


def find(records: Iterable[Told], wanted: str) -> tuple[str, ...]:
    """The intents that a name may mean: intent id, code, order id exactly, or else the beginning of one of them."""
    wanted = wanted.strip()
    names: dict[str, str] = {}
    for _, _, fact in records:
        if isinstance(fact, IntentProposed | IntentRefused):
            names[fact.intent.intent_id] = names[fact.intent.code] = fact.intent.intent_id
        elif isinstance(fact, OrderReleased | WouldRelease):
            names[fact.order.order_id] = fact.order.intent_id
    for exact in (wanted, wanted.upper(), wanted.lower()):
        if exact in names:
            return (names[exact],)
    lowered = wanted.lower()
    starts = (lowered, "i-" + lowered)
    meant = {intent: None for name, intent in names.items() if lowered and name.lower().startswith(starts)}
    return tuple(meant)


def why_unknown(wanted: str) -> str:
    """A code that was read out or typed wrongly is told apart from one of another desk."""
    code = wanted.upper()
    if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) and not is_human_code(code):
        return "As a code it has a slip in it: its last symbol checks the others, and does not fit them"
    return (
        "Only intents, their codes and their orders have a story; of an order that was found at the venue the ledger"
        " tells who took it in"
    )


def tell(records: Sequence[Told], intent_id: str) -> Story | None:
    """The whole story of one intent, or None when the ledger does not know it."""
    seal: LedgerOpened | None = None
    instruments: dict[str, Instrument] = {}
    for place, (seq, ts, fact) in enumerate(records):
        if isinstance(fact, LedgerOpened):
            seal = fact
        elif isinstance(fact, ConstitutionChanged) and seal is not None:
            changed = {"constitution": fact.constitution, "constitution_digest": fact.digest}
            seal = msgspec.structs.replace(seal, **changed)
        elif isinstance(fact, InstrumentListed):
            instruments[fact.instrument.id] = fact.instrument
        elif isinstance(fact, IntentProposed | IntentRefused) and fact.intent.intent_id == intent_id:
            instrument = instruments.get(fact.intent.instrument)
            return _story(records, place, Step(seq, ts, fact), seal, instrument)
    return None


def _story(
    records: Sequence[Told], place: int, start: Step, seal: LedgerOpened | None, instrument: Instrument | None
) -> Story:
    decided = start.fact
    assert isinstance(decided, IntentProposed | IntentRefused)  # noqa: S101 - for the type checker
    intent, quote = decided.intent, decided.quote
    refused = isinstance(decided, IntentRefused)
    after = records[place + 1 :]
    release = next((step for step in _releases(after) if step.order.intent_id == intent.intent_id), None)
    order_id = release.order.order_id if release else intent.order_id or ""
    family = {order.order.order_id for order in _releases(after) if order.order.parent == order_id} | {order_id}
    steps = _steps(after, family - {""}, intent)
    look, question = _look(after, intent.intent_id), question_of(after, intent.intent_id)
    walk = Lots(intent.intent_id, records)
    settled = walk.settlements.get(intent.instrument)
    return Story(
        seal=seal,
        seq=start.seq,
        ts=start.ts,
        intent=intent,
        words=in_words(intent, instrument),
        instrument=instrument,
        held_before=_held(records[:place], intent.instrument),
        verdict=_verdict(intent, release, look, question, steps, refused=refused),
        reason=decided.reason if isinstance(decided, IntentRefused) else None,
        sentence=sentence(decided.reason) if isinstance(decided, IntentRefused) else AGREED,
        repeats=decided.repeats if isinstance(decided, IntentRefused) else 0,
        quote=quote,
        ages=ages_of(quote, start.ts),
        checks=tuple(judged(check) for check in decided.checks),
        order=release.order if release else None,
        digest=release.digest if release else "",
        assent=release.assent if release else "",
        belts=_belts(records, release) if isinstance(release, OrderReleased) else None,
        question=question,
        look=look,
        steps=steps,
        fills=walk.fills_of(family),
        settled=settled,
        money=walk.money() if isinstance(release, OrderReleased) else None,
        decision=_decision(after, start.ts, intent.strategy),
        hindsight_per_contract=_hindsight(intent, instrument, settled) if refused else None,
        overrides=tuple(Step(*told) for told in overridden_at(records, release or decided)),
    )


def _verdict(
    intent: Intent, release: OrderReleased | WouldRelease | None, look: Look | None, question: Question | None,
    steps: Sequence[Step], *, refused: bool,
) -> Verdict:  # fmt: skip
    if refused:
        return "refused"
    if isinstance(release, WouldRelease):
        return "would be released"
    if release:
        return "released"
    if intent.action == "cancel" and any(isinstance(step.fact, CancelReleased) for step in steps):
        return "released"
    if question is not None and question.ended:
        return _ENDED[question.ended]
    if question is not None and question.open:
        return "waiting"
    if intent.action == "cancel":
        return "released"
    return "skipped" if look else "waiting"


def _look(records: Sequence[Told], intent_id: str) -> Look | None:
    """How the intent's last look ended, if it came to nothing."""
    for seq, ts, fact in records:
        if isinstance(fact, IntentSkipped) and fact.intent_id == intent_id:
            return Look(
                seq, ts, fact.reason, sentence(fact.reason), fact.detail, fact.repeats, fact.quote,
                ages_of(fact.quote, ts), tuple(judged(check) for check in fact.checks),
            )  # fmt: skip
    return None


def _releases(records: Sequence[Told]) -> Iterable[OrderReleased | WouldRelease]:
    return (fact for _, _, fact in records if isinstance(fact, OrderReleased | WouldRelease))


def _belts(records: Sequence[Told], release: OrderReleased) -> Belts | None:
    """What the run that released it kept every order in."""
    belts: Belts | None = None
    for _, _, fact in records:
        if isinstance(fact, DeskStarted):
            belts = fact.belts
        elif fact is release:
            return belts
    return belts


def _decision(records: Sequence[Told], ts: int, strategy: str) -> DecisionRecorded | None:
    """What the strategy's cycle came to, if it has its cycles recorded: it stands behind all ideas of that tick."""
    for _, later, fact in records:
        if later != ts:
            return None
        if isinstance(fact, DecisionRecorded) and fact.strategy == strategy:
            return fact
    return None


def _steps(records: Sequence[Told], family: set[str], intent: Intent) -> tuple[Step, ...]:
    """Release, answers, fills, cancels, late evidence: every record about this order and the legs of its bracket, in
    ledger order; halts and differences between the books that name one of them. Of an idea that is to take an older
    order's place: that order's cancel. Of a market in which a person took the venue's word for what is held: that."""
    fills: set[str] = set()
    steps = []
    for seq, ts, fact in records:
        if isinstance(fact, OrderReleased | OrderAdopted | WouldRelease):
            concerns = fact.order.order_id in family
        elif isinstance(fact, BooksAdopted):
            concerns = bool(family) and any(one.instrument == intent.instrument for one in fact.positions)
        elif isinstance(fact, FillRecognised):
            concerns = fact.fill.order_id in family
        elif isinstance(fact, _OF_AN_INTENT):
            concerns = fact.intent_id == intent.intent_id
        elif isinstance(fact, FillBooked):
            concerns = fact.fill.order_id in family
            fills.update((fact.fill.fill_id,) if concerns else ())
        elif isinstance(fact, FillCorrected):
            concerns = fact.correction.fill_id in fills
        elif isinstance(fact, FeeDiffered):
            concerns = fact.fill_id in fills
        elif isinstance(fact, HaltRaised | DiscrepancyFound):
            said = fact.detail if isinstance(fact, HaltRaised) else fact.what
            concerns = any(name in said for name in family)
        else:
            concerns = isinstance(fact, _OF_AN_ORDER) and fact.order_id in family
        makes_room = isinstance(fact, CancelReleased) and fact.superseded_by == intent.intent_id
        if concerns or makes_room:
            steps.append(Step(seq, ts, fact))
    return tuple(steps)


def judged(check: Check) -> Judged:
    """The check with its sentence and the unit of its numbers."""
    known = REASONS.get(check.rule)
    unit: Unit = known.unit if known else "count"
    return Judged(check.rule, check.ok, check.measured, check.limit, unit, sentence(check.rule))


def ages_of(quote: QuoteTaken | None, ts: int) -> Ages | None:
    """How old the quote was at `ts`."""
    if quote is None:
        return None
    return Ages(ts - quote.source_ts, ts - quote.received_ts, ts - quote.proven_ts)


def _hindsight(intent: Intent, instrument: Instrument | None, settled: Settled | None) -> int | None:
    """What one contract at the refused price would have brought by settlement, before fees."""
    if settled is None or intent.action != "open":
        return None
    moved = settled.value - intent.price if intent.side == "buy" else intent.price - settled.value
    return mul_down(moved, instrument.multiplier) if type(instrument) is Future else moved


def _held(records: Iterable[Told], instrument: str) -> int:
    """Signed position in the instrument after these records."""
    fills: dict[str, Fill] = {}
    held = 0
    for _, _, fact in records:
        if isinstance(fact, FillBooked) and fact.fill.instrument == instrument:
            fills[fact.fill.fill_id] = fact.fill
            held += _signed(fact.fill, fact.fill.qty)
        elif isinstance(fact, FillCorrected) and fact.correction.fill_id in fills:
            old = fills[fact.correction.fill_id]
            held += _signed(old, fact.correction.qty - old.qty)
            fills[old.fill_id] = msgspec.structs.replace(old, qty=fact.correction.qty)
        elif isinstance(fact, MarketSettled) and fact.instrument == instrument:
            held = 0
        elif isinstance(fact, BooksAdopted):
            held = next((one.qty for one in fact.positions if one.instrument == instrument), held)
    return held


def _signed(fill: Fill, qty: int) -> int:
    return qty if fill.side == "buy" else -qty
