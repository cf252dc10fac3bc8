"""An open question as a person must see it before answering: what would leave, what it may lose, what was checked.

Made from the ledger, so that it shows what the desk has recorded and nothing that somebody told on the way. Its terms
are the digest of exactly the orders that a release would state: whoever answers a card answers that and nothing else.
"""

from collections.abc import Callable
from textwrap import wrap
from typing import Any, NamedTuple

from msgspec import structs

from assent.cli.words import in_unit, line, money, plain, price, share, span, table, time_left, when
from assent.desk.asked_rows import AskedRow, asked_row
from assent.desk.budgets import day_budget
from assent.desk.gauges import share_of
from assent.desk.lots import Told
from assent.desk.state import Asked, State
from assent.desk.story import judged
from assent.model.exits import Exits
from assent.model.facts import IntentProposed
from assent.model.intents import Check, Intent, QuoteTaken
from assent.model.orders import Side
from assent.model.reasons import REASONS, sentence
from assent.model.units import MICRO, format_qty, up_to_step

WIDTH = 100
TERMS_SHOWN = 16
TENTH_PERCENT = 1_000
_LABEL = 12


class Budget(NamedTuple):
    """What may be lost today, and how much of that is left."""

    most: int
    left: int


class Card(NamedTuple):
    """One question with everything that speaks for or against a yes."""

    row: AskedRow
    intent: Intent
    quote: QuoteTaken | None
    checks: tuple[Check, ...]
    orders: int
    budget: Budget | None
    people: tuple[str, ...]
    factor_needed: bool
    mode: str
    venue: str
    environment: str
    account: str


def card_of(state: State, proposed: IntentProposed, asked: Asked, now: int) -> Card:
    """`proposed` is the record of the intent that `asked` is about."""
    seal = state.seal
    assert seal is not None  # noqa: S101 - for the type checker: nobody is asked before the first record
    limits = seal.constitution
    return Card(
        row=asked_row(state, asked),
        intent=asked.intent,
        quote=proposed.quote,
        checks=proposed.checks,
        orders=len(asked.orders),
        budget=budget_of(state, now),
        people=tuple(person.name for person in limits.approvers),
        factor_needed=asked.intent.worst_loss >= limits.second_factor_from,
        mode=seal.mode,
        venue=seal.venue,
        environment=seal.environment,
        account=seal.account,
    )


def proposals_of(records: list[Told]) -> dict[str, IntentProposed]:
    """The record of each proposed intent, by its id."""
    return {fact.intent.intent_id: fact for _, _, fact in records if isinstance(fact, IntentProposed)}


def budget_of(state: State, now: int) -> Budget | None:
    """What a day may lose, by the stricter of its limits; None where the constitution bounds no day's loss."""
    day = day_budget(state, now)
    return None if day is None or day.most is None or day.left is None else Budget(day.most, day.left)


def left_of(row: AskedRow, now: int) -> str:
    """How long an answer still counts."""
    left = row.expires_ts - now
    return "over" if left <= 0 else time_left(left)


def card_lines(card: Card, now: int) -> list[str]:
    """The whole card on at most 100 columns, without colours."""
    row, intent = card.row, card.intent
    size = f"{in_unit('qty', row.qty)} contract{'' if row.qty == MICRO else 's'}"
    head = f"{row.code}  {row.words}, {size} in {row.instrument}"
    if intent.action in ("cancel", "claim"):
        head = f"{row.code}  {row.words} in {row.instrument}"
    return [
        line(f"{card.mode.upper()}  {card.venue} {card.environment}  account {card.account}"),
        line(head),
        *([f"  {line(row.title)}"] if row.title else []),
        *(_wrapped(f"because: {line(intent.reason)}") if intent.reason else []),
        *_labelled("asked by", f"{row.strategy}, intent {row.intent_id}"),
        *_terms_of(card),
        *_risk(card),
        *_checks(card.checks),
        *_labelled("people", people_words(row, card.people)),
        *_labelled("time left", f"{left_of(row, now)}, until {when(row.expires_ts)} UTC"),
        *(_labelled("factor", "a second factor is asked for") if card.factor_needed else []),
        *_labelled("terms", f"{row.terms[:TERMS_SHOWN]}..."),
    ]


def people_words(row: AskedRow, people: tuple[str, ...]) -> str:
    """Who has said yes, and who may."""
    given = f" by {', '.join(row.given)}" if row.given else ""
    return f"{len(row.given)} of {row.needed} given{given}; may answer: {', '.join(people) or 'nobody'}"


def card_told(card: Card, now: int) -> dict[str, Any]:
    """The card for programs."""
    return {
        **structs.asdict(card.row),
        "checks": [structs.asdict(judged(check)) for check in card.checks],
        "quote": structs.asdict(card.quote) if card.quote else None,
        "exits": structs.asdict(card.intent.exits) if card.intent.exits else None,
        "orders": card.orders,
        "factor_needed": card.factor_needed,
        "budget": card.budget._asdict() if card.budget else None,
        "left_ns": max(0, card.row.expires_ts - now),
    }


def _terms_of(card: Card) -> list[str]:
    intent = card.intent
    if intent.action in ("cancel", "claim"):
        return []
    ties = [name for name, holds in (("post-only", intent.post_only), ("protective", intent.protective)) if holds]
    what = "YES " if intent.price < MICRO else ""  # beyond a dollar a price is no chance
    kind = ", ".join((intent.type, intent.time_in_force, *ties))
    lines = _labelled("order", f"{intent.side} {what}at {price(intent.price)}{_other_side(intent)}: {kind}")
    if intent.stop_price is not None:
        lines += _labelled("stop", price(intent.stop_price))
    if intent.exits is not None:
        legs = f" ({card.orders} orders in all)" if card.orders > 1 else ""
        lines += _labelled("exits", exits_words(intent.exits, intent.side) + legs)
    if card.quote is not None:
        dealt = f"bid {price(card.quote.bid)}, ask {price(card.quote.ask)}"
        age = span(max(0, card.row.asked_ts - card.quote.proven_ts))
        lines += _labelled("quote then", f"{dealt}, {age} old when it was proposed")
    return lines


def _other_side(intent: Intent) -> str:
    """An order to sell what is not held buys the other side; the venue knows it in YES terms alone."""
    opens_no = intent.action == "open" and intent.side == "sell" and intent.price < MICRO
    return f" (that is NO at {price(MICRO - intent.price)})" if opens_no else ""


def exits_words(exits: Exits, side: Side) -> str:
    """How the position would be left."""
    worse, better = ("below", "above") if side == "buy" else ("above", "below")
    said: tuple[tuple[int | None, str, Callable[[int], str], str], ...] = (
        (exits.stop_price, "stop at", price, f" or {worse}"),
        (exits.loss_ppm, "stop at a loss of", share, ""),
        (exits.target_price, "target at", price, f" or {better}"),
        (exits.gain_ppm, "target at a gain of", share, ""),
        (exits.depth_min, "when fewer than", format_qty, " contracts stand there"),
        (exits.spread_max, "when the gap is wider than", price, ""),
        (exits.life_ns, "after", span, ""),
        (exits.ahead_ns, "before the close by", span, ""),
    )
    return ", ".join(f"{before} {show(value)}{after}" for value, before, show, after in said if value is not None)


def _risk(card: Card) -> list[str]:
    row, budget = card.row, card.budget
    part = ""
    if budget is not None:
        of_day = share(up_to_step(share_of(row.worst_loss, budget.most), TENTH_PERCENT))
        part = f", {of_day} of what a day may lose ({money(budget.most)}, {money(budget.left)} left today)"
    lines = _labelled("worst loss", f"{money(row.worst_loss)}{part}")
    lines += _labelled("fees", f"at most {money(row.fee)}, in that")
    if row.edge is not None:
        fair = f"; it is held to be worth {price(card.intent.fair)}" if card.intent.fair is not None else ""
        lines += _labelled("edge", f"{price(row.edge)} a contract after fees{fair}")
    return lines


def _checks(checks: tuple[Check, ...]) -> list[str]:
    """Those with numbers as a table, the others by name, and whatever said no with what to do."""
    rows, plainly = [], []
    for check in checks:
        known = REASONS.get(check.rule)
        unit = known.unit if known else "count"
        if check.ok and check.measured is None and check.limit is None:
            plainly.append(check.rule)
        else:
            stands = "  ok" if check.ok else "  NO"
            rows.append((stands, check.rule, in_unit(unit, check.measured), in_unit(unit, check.limit)))
    lines = table(rows, head=("  checks", "rule", "measured", "limit"), right=(2, 3)) if rows else []
    lines += _labelled("ok too", ", ".join(plainly)) if plainly else []
    return lines + [text for check in checks if not check.ok for text in _wrapped(sentence(check.rule))]


def _labelled(label: str, text: str) -> list[str]:
    space = " " * (_LABEL + 2)
    first = f"  {label}".ljust(_LABEL + 2)
    return [plain(part) for part in wrap(line(text), WIDTH, initial_indent=first, subsequent_indent=space)]


def _wrapped(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
