"""A story as text on at most 100 columns: aligned, in plain words, every number with its unit."""

from textwrap import wrap

from assent.cli.words import in_unit, line, money, plain, price, span, table, when
from assent.desk.lots import Money
from assent.desk.sentences import sentence_of
from assent.desk.story import (
    Ages,
    Judged,
    Story,
)
from assent.model.belts import Belts
from assent.model.instruments import Future, Instrument
from assent.model.intents import QuoteTaken
from assent.model.orders import Order

WIDTH = 100
_BINARY_WORDS = ("  cost", "  given back for", "  settlement paid")
_VERDICTS = {
    "would be released": "WOULD be released; observe sends nothing",
    "waiting": "waiting; nothing has left",
    "denied": "denied; nothing left",
    "expired": "expired unanswered; nothing left",
    "superseded": "superseded by a better idea; nothing left",
    "ended by hand": "ended by hand; nothing left",
}
_ENDED = {
    "denied": "{by} said no{why}",
    "expired": "nobody answered in time",
    "superseded": "a better idea of {by} took its place",
    "ended_by_hand": "{by} ended it",
}
_FUTURE_WORDS = ("  entered at a notional of", "  left for", "  settled for")


def story_lines(story: Story) -> list[str]:
    """From the idea to the money, in the order in which a person asks."""
    return [
        *_idea(story),
        "",
        *_quote(story.quote, story.ages, future=_is_future(story), what="the quote it rests on"),
        "",
        *_checks(story.checks),
        *_question(story),
        *_look(story),
        "",
        *_verdict(story),
        *_overrides(story),
        *_decision(story),
        *_what_followed(story),
        "",
        *_end(story),
    ]


def _idea(story: Story) -> list[str]:
    intent, seal, decided = story.intent, story.seal, when(story.ts)
    where = f"{seal.mode} {seal.venue} {seal.environment}, ledger {seal.ledger_id}" if seal else ""
    lines = [
        f"intent {line(intent.intent_id)}  code {line(intent.code)}  {where}",
        f"  {line(intent.strategy)} wanted to {story.words} in {line(intent.instrument)}{_title(story.instrument)}",
        f"  decided {decided} UTC (record {story.seq}, decision {intent.decision}); {_held(story)} before",
        f"  size {in_unit('qty', intent.qty)}, worst loss {money(intent.worst_loss)}, fees at most {money(intent.fee)}",
    ]
    if intent.fair is not None:
        side = "" if _is_future(story) else "YES "
        lines.append(f"  estimate {side}{price(intent.fair)}, edge after fees {price(intent.edge)} a contract")
    if intent.reason:
        lines += _wrapped(f"because: {line(intent.reason)}", indent=2)
    return lines


def _title(instrument: Instrument | None) -> str:
    return f"\n  {line(instrument.title)}" if instrument and instrument.title else ""


def _is_future(story: Story) -> bool:
    return type(story.instrument) is Future


def _held(story: Story) -> str:
    qty = story.held_before
    sides = ("long", "short") if _is_future(story) else ("YES", "NO")
    return f"held {in_unit('qty', abs(qty))} {sides[qty < 0]}" if qty else "nothing was held"


def _quote(quote: QuoteTaken | None, ages: Ages | None, *, future: bool, what: str) -> list[str]:
    if quote is None or ages is None:
        return [f"{what}: there was none"]
    rows = [
        ("  bid", price(quote.bid), "x", in_unit("qty", quote.bid_qty)),
        ("  ask", price(quote.ask), "x", in_unit("qty", quote.ask_qty)),
    ]
    said, came, proven = span(ages.source_ns), span(ages.received_ns), span(ages.proven_ns)
    age = f"  {said} old by the venue's time, {came} since it came in, {proven} since it was last proven"
    return [
        what if future else f"{what} (YES)",
        *table(rows, right=(1, 3)),
        age,
    ]


def _question(story: Story) -> list[str]:
    """What people were asked, who said yes, and how it ended."""
    asked = story.question
    if asked is None:
        return []
    people = "one person" if asked.people == 1 else f"{asked.people} people"
    given = f"yes from {', '.join(asked.given)}" if asked.given else "nobody has said yes"
    ended = _ENDED[asked.ended].format(by=asked.by, why=f": {asked.why}" if asked.why else "") if asked.ended else ""
    return [
        "",
        *_wrapped(f"asked {people} at {when(asked.ts)} (record {asked.seq}), until {when(asked.expires_ts)}", indent=0),
        *_wrapped(f"to terms {asked.terms}", indent=2),
        *_wrapped(line(f"{given} ({len(asked.given)} of {asked.people})"), indent=2),
        *(_wrapped(line(f"ended: {ended}"), indent=2) if ended else []),
    ]


def _look(story: Story) -> list[str]:
    """A last look that came to nothing: on which quote, and what the rules said of it."""
    look = story.look
    if look is None:
        return []
    lines = [
        "",
        *_wrapped(f"last look, {when(look.ts)} (record {look.seq}): {line(look.detail)}".rstrip(": "), indent=0),
    ]
    if look.checks:
        future = _is_future(story)
        lines += [*_quote(look.quote, look.ages, future=future, what="the fresh quote"), "", *_checks(look.checks)]
    if look.repeats:
        lines.append(f"  the same idea came {look.repeats} times meanwhile, only counted")
    return lines


def _checks(checks: tuple[Judged, ...]) -> list[str]:
    """Every rule, with what it measured and the limit; under those that refused, what to do. Those that agreed and
    measure nothing stand below by their names."""
    plainly = [check for check in checks if check.ok and check.measured is None and check.limit is None]
    measured = [check for check in checks if check not in plainly]
    rows = [
        (
            "  ok" if check.ok else "  NO", check.rule,
            in_unit(check.unit, check.measured), in_unit(check.unit, check.limit),
        )
        for check in measured
    ]  # fmt: skip
    lines = table(rows, head=("checks", "rule", "measured", "limit"), right=(2, 3))
    told = []
    for check, text in zip(measured, lines[1:], strict=True):
        told.append(text)
        if not check.ok:
            told += _wrapped(check.sentence, indent=6)
    if plainly:
        told += _wrapped(f"ok too: {', '.join(check.rule for check in plainly)}", indent=2)
    return [lines[0], *told]


def _verdict(story: Story) -> list[str]:
    if story.look and story.verdict == "skipped":
        return _wrapped(f"verdict: skipped at its last look [{story.look.reason}]. {story.look.sentence}", indent=0)
    if story.verdict != "refused":
        lines = [f"verdict: {_VERDICTS.get(story.verdict, story.verdict)}. {story.sentence}"]
        if story.order:
            lines += [
                f"  order {line(story.order.order_id)}, assent: {line(story.assent)}",
                f"  digest {story.digest}",
            ]
            lines += _wrapped(f"belts: {_belts(story.order, story.belts or Belts())}", indent=2)
        return lines
    lines = _wrapped(f"verdict: refused [{story.reason}]. {story.sentence}", indent=0)
    if story.repeats:
        lines.append(f"  the refusal of this idea before this one was repeated {story.repeats} times, only counted")
    return lines


def _overrides(story: Story) -> list[str]:
    """Whoever reads why it went out reads as well what a person had set aside for it."""
    return [text for one in story.overrides for text in _wrapped(f"meanwhile, {sentence_of(one.fact)}", indent=2)]


def _belts(order: Order, belts: Belts) -> str:
    """What held at the venue for this order, also without this process."""
    rests = f"expires {when(order.expires_ts)}" if order.expires_ts else "never expires"
    said = [rests if order.time_in_force == "gtc" else "never rests"]
    if belts.group_limit:
        said.append(f"in the order group of {in_unit('qty', belts.group_limit)} contracts in 15 seconds")
    said += ["taken off on a pause"] if belts.cancel_on_pause else []
    said += [name for name, holds in (("post-only", order.post_only), ("reduce-only", order.reduce_only)) if holds]
    return ", ".join(said)


def _decision(story: Story) -> list[str]:
    """What the strategy's cycle came to, for one that has its cycles recorded."""
    return _wrapped(f"in all, {sentence_of(story.decision)}", indent=2) if story.decision else []


def _what_followed(story: Story) -> list[str]:
    lines = ["", "what followed"] if story.steps else []
    for step in story.steps:
        first, *rest = wrap(sentence_of(step.fact), WIDTH - 36) or [""]
        lines.append(f"  {when(step.ts)}  #{step.seq:<7} {first}")
        lines += [" " * 36 + text for text in rest]
    return lines


def _end(story: Story) -> list[str]:
    settled = story.settled
    if settled is None:
        lines = ["the market has not settled"]
    else:
        value = f" at {price(settled.value)}" if settled.result == "scalar" else ""
        lines = [f"the market settled {settled.result.upper()}{value} on {when(settled.ts)} (record {settled.seq})"]
    if story.money:
        lines += _money(story.money, future=_is_future(story))
    elif story.hindsight_per_contract is not None:
        gained = "gained" if story.hindsight_per_contract >= 0 else "lost"
        lines.append(
            f"  in hindsight: a contract at this price would have {gained}"
            f" {money(abs(story.hindsight_per_contract))} before fees"
        )
    return [plain(text) for text in lines]


def _money(sums: Money, *, future: bool) -> list[str]:
    """This intent alone. Nothing is paid for a future: its sums are notionals; the fees and the end are money."""
    if not sums.qty:
        return ["this intent alone: nothing was filled, nothing was paid"]
    entered, left, settled = _FUTURE_WORDS if future else _BINARY_WORDS
    rows = [(entered, money(sums.cost)), ("  fees", money(sums.fees))]
    if sums.proceeds:
        rows += [(left, money(sums.proceeds)), ("  fees of giving back", money(sums.proceeds_fees))]
    if sums.payout or not future:
        rows.append((settled, money(sums.payout)))
    if sums.gain is None:
        rows.append(("  still held", f"{in_unit('qty', sums.left)} contracts"))
    else:
        rows.append(("  profit" if sums.gain >= 0 else "  loss", money(abs(sums.gain))))
    return [f"this intent alone: {in_unit('qty', sums.qty)} contracts filled", *table(rows, right=(1,))]


def _wrapped(text: str, *, indent: int) -> list[str]:
    space = " " * indent
    return wrap(text, WIDTH, initial_indent=space, subsequent_indent=space + "  ")
