"""One sentence for every fact, in one table: the live view, plain lines, `ledger show` and `why` all speak it.

A sentence says what the fact says and no more. Prices and sides are in the book's YES terms unless an intent speaks.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from assent.desk.halt_history import OVERRIDE_ENDINGS
from assent.desk.story import in_words
from assent.model import assents, facts, would
from assent.model.change import in_one_line
from assent.model.errors import InvariantBroken
from assent.model.facts import Fact, decode_fact, kind_of
from assent.model.inputs import Accepted
from assent.model.intents import Intent
from assent.model.levels import Level
from assent.model.orders import Fill
from assent.model.overrides import HaltOverridden, OverrideEnded, OverrideRefused
from assent.model.reasons import REASONS
from assent.model.reasons import sentence as reason_sentence
from assent.model.settling import ActRefused, BooksAdopted, FillRecognised, OrderAdopted
from assent.model.units import MICRO, format_qty
from assent.model.words import clipped, in_unit, line, money, price, share, span, when

WIDTH_MAX: Final = 240
NAMES_SHOWN: Final = 5
TERMS_LENGTH: Final = 64
TERMS_SHOWN: Final = 16


def sentence_of(fact: Fact) -> str:
    """The fact in words, on one line, inert in a terminal."""
    return clipped(line(SENTENCES[type(fact)](fact)), WIDTH_MAX)


def words_of(kind: str, version: int, body: bytes) -> str:
    """A stored record in words, or why it cannot be read: a damaged ledger must still be shown."""
    try:
        return sentence_of(decode_fact(kind, version, body))
    except (InvariantBroken, msgspec.MsgspecError) as error:
        return line(f"(cannot be read: {error})")


def is_notable(fact: Fact) -> bool:
    """Whether somebody who watches wants to be told; the rest is for the record."""
    return kind_of(fact) not in QUIET


def short(order_id: str) -> str:
    """The beginning of an order's id: enough to find it again with `why`."""
    return order_id[:8]


def _opened(fact: facts.LedgerOpened) -> str:
    return (
        f"ledger {fact.ledger_id} opened: {fact.mode}, {fact.venue} {fact.environment}, account {fact.account},"
        f" constitution {fact.constitution_digest[:12]}"
    )


def _plugins(fact: facts.DeskStarted) -> str:
    """Where strategies that do not ship come from: a few digits of each digest."""
    return "".join(f", {one.strategy} from {one.kind} {one.digest[:19]}" for one in fact.plugins)


def _kept_to(fact: facts.DeskStarted) -> str:
    """What this start was told to keep to, besides the scope."""
    if fact.narrowed is None:
        return ""
    names = (*fact.narrowed.markets, *fact.narrowed.events, *fact.narrowed.series)
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f", narrowed to {', '.join(names[:NAMES_SHOWN])}{more}"


def _belts(fact: facts.DeskStarted) -> str:
    """What every order of this run stands in at the venue."""
    belts = fact.belts
    if belts is None:
        return ""
    life = f", entries rest for {span(belts.order_life_max)} at most" if belts.order_life_max else ""
    group = (
        f", orders in a group of {format_qty(belts.group_limit)} contracts in 15 seconds" if belts.group_limit else ""
    )
    return life + group + (", taken off on a pause" if belts.cancel_on_pause else "")


def _changed(fact: facts.ConstitutionChanged) -> str:
    who = f"amended by {fact.by}: {fact.reason}" if fact.how == "amendment" else "taken from the file at start"
    said = "; ".join(in_one_line(change) for change in fact.changes)
    return f"limits {who}; constitution {fact.digest[:12]}; {said}"


def _idea(intent: Intent) -> str:
    size = f" {format_qty(intent.qty)}" if intent.qty else ""
    verb, _, rest = in_words(intent).partition(" ")
    return f"{verb}{size} {rest} in {intent.instrument} (code {intent.code})"


def _proposed(fact: facts.IntentProposed) -> str:
    intent = fact.intent
    return f"{intent.strategy} may {_idea(intent)}, worst loss {money(intent.worst_loss)}"


def _refused(fact: facts.IntentRefused) -> str:
    check = next((check for check in fact.checks if check.rule == fact.reason), None)
    numbers = ""
    if check is not None and check.limit is not None:
        numbers = f" {_measured(fact.reason, check.measured)}, limit {_measured(fact.reason, check.limit)}"
    # The reason first: a narrow terminal cuts the end of a line, and this is what somebody watches for.
    return f"refused [{fact.reason}]{numbers}: {fact.intent.strategy} may not {_idea(fact.intent)}"


def _skipped(fact: facts.IntentSkipped) -> str:
    check = next((check for check in fact.checks if check.rule == fact.reason), None)
    told = f": {fact.detail}" if fact.detail else ""
    if check is not None and check.limit is not None:
        told = f" {_measured(fact.reason, check.measured)}, limit {_measured(fact.reason, check.limit)}"
    return f"intent {fact.intent_id} skipped at its last look [{fact.reason}]{told}"


def _look(fact: facts.LookRequested) -> str:
    had = "nobody to deal with" if fact.price is None else f"{price(fact.price)} to deal at"
    return f"the quote of {fact.instrument} is asked for anew for intent {fact.intent_id}; it had {had}"


def _measured(code: str, value: int | None) -> str:
    known = REASONS.get(code)
    return in_unit(known.unit if known else "count", value)


def _contracts(qty: int, at: int) -> str:
    """A price beyond one dollar is no chance, so what is traded there has no YES."""
    return format_qty(qty) if at > MICRO else f"{format_qty(qty)} YES"


def _would(fact: would.WouldRelease) -> str:
    return f"WOULD: {_released(fact).replace(' released: ', ' would be released: ', 1)}; observe sends nothing"


def _acked(fact: would.AckSimulated) -> str:
    rests = f"{format_qty(fact.remaining)} would rest" if fact.remaining else "nothing would rest"
    return f"WOULD: order {short(fact.order_id)} would be accepted; nothing is filled in observe, {rests}"


def _released(fact: facts.OrderReleased | would.WouldRelease) -> str:
    order = fact.order
    kind = "" if order.type == "limit" else f" {order.type}"
    return (
        f"order {short(order.order_id)} released: {order.side} {_contracts(order.qty, order.price)}"
        f" at {price(order.price)}{kind} in {order.instrument}, {order.time_in_force}, {assent_words(fact.assent)}"
    )


def assent_words(assent: str) -> str:
    """What a release rests on: the terms that people said yes to, or why nobody was asked."""
    return f"by assent to terms {assent[:TERMS_SHOWN]}" if len(assent) == TERMS_LENGTH else assent


def _accepted(fact: facts.OrderAccepted) -> str:
    return (
        f"order {short(fact.order_id)} accepted: {format_qty(fact.filled)} filled, {format_qty(fact.remaining)} resting"
    )


def _resolved(fact: facts.OrderResolved) -> str:
    finding = fact.finding
    if fact.by:
        found = (
            f"{format_qty(finding.filled)} filled in all" if isinstance(finding, Accepted) else "it was never placed"
        )
    elif isinstance(finding, Accepted):
        found = f"it is there, {format_qty(finding.filled)} filled, {format_qty(finding.remaining)} resting"
    else:
        found = f"it never arrived ({finding.evidence})"
    who = f"{fact.by}, {fact.reason}; on the evidence: {fact.source}" if fact.by else fact.source
    settled = "is settled by hand" if fact.by else "is unknown no more"
    return f"order {short(fact.order_id)} {settled}: {found}; by {who}"


def _fill(fill: Fill) -> str:
    verb = "bought" if fill.side == "buy" else "sold"
    role = "taker" if fill.taker else "maker"
    return (
        f"{verb} {_contracts(fill.qty, fill.price)} at {price(fill.price)} in {fill.instrument}, fee {money(fill.fee)}"
        f" ({role}), order {short(fill.order_id)}"
    )


def _corrected(fact: facts.FillCorrected) -> str:
    new = fact.correction
    if not new.qty:
        return f"the venue took fill {new.fill_id} back"
    return f"fill {new.fill_id} was really {format_qty(new.qty)} at {price(new.price)}, fee {money(new.fee)}"


def _settled(fact: facts.MarketSettled) -> str:
    value = f" at {price(fact.value)}" if fact.result == "scalar" else ""
    held = f"; held {format_qty(fact.qty)}, paid {money(fact.payout)}" if fact.qty else ""
    return f"{fact.instrument} settled {fact.result}{value}{held}"


def _settled_anew(fact: facts.SettlementCorrected) -> str:
    moved = f"; {'paid' if fact.payout >= 0 else 'gave back'} {money(abs(fact.payout))}" if fact.payout else ""
    return f"the venue changed how {fact.instrument} settled: {fact.result} at {price(fact.value)}{moved}"


def _moved(fact: facts.CashMoved) -> str:
    way = "came in" if fact.amount >= 0 else "went out"
    return f"{money(abs(fact.amount))} {way}: {fact.reference}"


def _matched(fact: facts.AccountMatched) -> str:
    return (
        f"our books equal the venue's: cash {money(fact.cash)}, {len(fact.positions)} positions,"
        f" {fact.open_orders} open orders; by {fact.source}"
    )


def _snapshot(fact: facts.AccountSnapshot) -> str:
    return (
        f"{fact.source} cannot be read; {span(fact.age)} ago: cash {money(fact.cash)}, {len(fact.positions)} positions,"
        f" {fact.open_orders} open orders"
    )


def _adopted(fact: BooksAdopted) -> str:
    taken = "".join(f", {one.instrument} {format_qty(one.held)} to {format_qty(one.qty)}" for one in fact.positions)
    others = f", {len(fact.fills)} executions of others" if fact.fills else ""
    return (
        f"{fact.by} accepted the books of {fact.source}: cash {money(fact.cash_before)} to {money(fact.cash)}{taken}"
        f"{others}; worth {money(fact.moved)} more: {fact.reason}"
    )


def _found(fact: OrderAdopted) -> str:
    order = fact.order
    return (
        f"order {short(order.order_id)} of others counts as ours: {order.side} {_contracts(order.qty, order.price)}"
        f" at {price(order.price)} in {order.instrument}, worst loss {money(fact.worst_loss)}; by {fact.by}"
    )


def _decision(fact: facts.DecisionRecorded) -> str:
    """A code of ours is told with its sentence; a strategy's own words stand as they are."""
    known = f"[{fact.reason}]: {reason_sentence(fact.reason)}" if fact.reason in REASONS else fact.reason
    scores = "".join(f", {name} {share(ppm)}" for name, ppm in fact.scores)
    return f"{fact.strategy} decided {fact.decision}{scores}{': ' if known else ''}{known}"


def short_intent(intent_id: str) -> str:
    """The beginning of an intent's id: enough to find it again with `why`."""
    return f"intent {intent_id[:10]}"


def _asked(fact: assents.ApprovalRequested) -> str:
    people = "one person" if fact.people == 1 else f"{fact.people} people"
    return f"{short_intent(fact.intent_id)} waits for the assent of {people} under code {fact.code}"


def _given(fact: assents.AssentGiven) -> str:
    factor = " with a second factor" if fact.factor else ""
    return f"{fact.person} said yes to {short_intent(fact.intent_id)} by {fact.channel}, as {fact.identity}{factor}"


def _again(repeats: int) -> str:
    return f", and the idea came {repeats} times again" if repeats else ""


ENDINGS: Final[dict[str, str]] = {
    "expired": "nobody answered in time",
    "superseded": "a better idea took its place",
    "ended_by_hand": "a person ended it",
}
SENTENCES: Final[dict[type, Callable[[Any], str]]] = {
    facts.LedgerOpened: _opened,
    facts.ConstitutionChanged: _changed,
    facts.AmendmentRefused: lambda f: f"limits {f.digest[:12]} refused{f' to {f.by}' if f.by else ''}: {f.why}",
    facts.DeskStarted: lambda f: (
        f"desk started with {', '.join(f.strategies) or 'no strategy'}, build {f.build[:12]}{_plugins(f)}{_kept_to(f)}"
        f"{_belts(f)}"
    ),
    facts.DeskStopped: lambda f: f"desk stopped: {f.why}",
    facts.InstrumentListed: lambda f: f"{f.instrument.id} listed: {f.instrument.title}",
    facts.InputRejected: lambda f: f"rejected from {f.source}, time {f.count} [{f.code}]: {f.detail}",
    facts.IntentProposed: _proposed,
    facts.IntentRefused: _refused,
    facts.LookRequested: _look,
    facts.IntentSkipped: _skipped,
    facts.DecisionRecorded: _decision,
    facts.OrderReleased: _released,
    would.WouldRelease: _would,
    would.AckSimulated: _acked,
    would.WouldOrderEnded: lambda f: f"WOULD: order {short(f.order_id)} would rest no more: {f.why}",
    facts.OrderAccepted: _accepted,
    facts.OrderRefused: lambda f: f"order {short(f.order_id)} refused by the venue [{f.code}]: {f.detail}",
    facts.OrderNotSent: lambda f: (
        f"order {short(f.order_id)} not sent [{f.reason}]: {reason_sentence(f.reason)}"
        + (f" Found: {f.detail}" if f.detail else "")
    ),
    facts.OrderUnknown: lambda f: f"order {short(f.order_id)} is unknown, its worst case stays reserved: {f.detail}",
    facts.OrderResolved: _resolved,
    facts.OrderClosed: lambda f: f"order {short(f.order_id)} closed ({f.why}): {format_qty(f.filled)} filled in all",
    facts.OrderQuarantined: lambda f: f"order {short(f.order_id)} in quarantine [{f.reason}]: look at it",
    facts.CancelReleased: lambda f: f"cancel of order {short(f.order_id)} released by {f.by}: {f.why}",
    facts.CancelEnded: lambda f: f"cancel of order {short(f.order_id)} ended {f.result}: {f.detail}",
    facts.CancelKept: lambda f: f"cancel of order {short(f.order_id)} asked by {f.by}: kept until the order is live",
    facts.FillBooked: lambda f: _fill(f.fill),
    facts.FillCorrected: _corrected,
    facts.FeeDiffered: lambda f: f"fill {f.fill_id} cost {money(f.charged)} in fees, we read {money(f.estimated)}",
    facts.MarketSettled: _settled,
    facts.SettlementCorrected: _settled_anew,
    facts.CashMoved: _moved,
    facts.EquityMarked: lambda f: f"equity {money(f.equity)}, cash {money(f.cash)}, exposure {money(f.exposure)}",
    facts.AccountMatched: _matched,
    facts.AccountSnapshot: _snapshot,
    facts.DiscrepancyFound: lambda f: f"{f.what}: ours {f.ours}, the venue's {f.theirs}; by {f.source}",
    BooksAdopted: _adopted,
    OrderAdopted: _found,
    FillRecognised: lambda f: (
        f"fill {f.fill.fill_id} of order {short(f.fill.order_id)} is the one that a person resolved: not booked again"
    ),
    assents.ApprovalRequested: _asked,
    assents.AssentGiven: _given,
    assents.AssentDenied: lambda f: (
        f"{f.person} said no to {short_intent(f.intent_id)} by {f.channel}{f': {f.reason}' if f.reason else ''}"
    ),
    assents.ApprovalEnded: lambda f: (
        f"the question about {short_intent(f.intent_id)} is over: {ENDINGS[f.why]}{_again(f.repeats)}"
    ),
    assents.AssentRefused: lambda f: (
        f"{f.verdict} of {f.said} by {f.identity}, {f.channel}, refused [{f.reason}]: {reason_sentence(f.reason)}"
    ),
    ActRefused: lambda f: f"{f.act} of {f.subject or 'all'} by {f.by} refused: {f.why}",
    facts.StrategyStopped: lambda f: f"strategy {f.strategy} stopped [{f.reason}]: {f.detail}",
    facts.HaltRaised: lambda f: f"{Level(f.level).name} [{f.cause}] by {f.by}: {f.detail}",
    facts.HaltCleared: lambda f: f"halt [{f.cause}] cleared by {f.by}: {f.reason}",
    facts.ResumeRefused: lambda f: f"resume of [{f.cause}] by {f.by} refused: {f.why}",
    HaltOverridden: lambda f: f"halt [{f.cause}] overridden until {when(f.until_ts)} by {f.by}: {f.reason}",
    OverrideEnded: lambda f: (
        f"override of [{f.cause}] over, {OVERRIDE_ENDINGS[f.why]} (by {f.by}){f': {f.detail}' if f.detail else ''}"
    ),
    OverrideRefused: lambda f: f"override of [{f.cause}] by {f.by} refused [{f.reason}] {reason_sentence(f.reason)}",
    facts.StateMarked: lambda f: f"state after record {f.seq} is {f.digest[:16]}...",
}

# For the record only.
QUIET: Final = frozenset(
    (
        "StateMarked",
        "EquityMarked",
        "AccountMatched",
        "InstrumentListed",
        "CashMoved",
        "DecisionRecorded",
        "LookRequested",
        "AckSimulated",
    )
)
