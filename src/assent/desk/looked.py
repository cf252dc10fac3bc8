"""What comes of a last look: the answer judged, or none in time, or a start before it came. See `desk.looking`.

Each look ends once, in a release or in an `IntentSkipped` with its reason. The answer's quote proves this one market
at this one moment: it decides this intent and is not kept, since a later proof of the stream would seem to vouch for a
price that the stream never told.
"""

from assent.desk import intake, releasing, warrants
from assent.desk.candidate import Candidate
from assent.desk.context import Context, Looked
from assent.desk.gate import judge
from assent.desk.looking import Key
from assent.desk.market import Market
from assent.desk.state import Look
from assent.model.facts import IntentSkipped
from assent.model.inputs import LookAnswered, QuoteSeen, quote_fault
from assent.model.intents import Check, Intent, Proposal, QuoteTaken
from assent.model.text import shown
from assent.model.units import SECOND

# What was only counted is told with the next look, if there is one within this time.
FORGOTTEN = 60 * SECOND
# An answer that takes longer is none: the idea has grown old.
ANSWER_MAX = 5 * SECOND


def look_answered(desk: Context, inp: LookAnswered) -> None:
    """All rules again on the fresh quote, and then the release, in one step."""
    look = desk.state.looks.get(inp.intent_id)
    if look is None:
        intake.reject(desk, "look_not_asked", "look", inp.intent_id)
        return
    name = look.intent.instrument
    market, seen = desk.markets.get(name), inp.quote
    if desk.now - look.asked_ts >= ANSWER_MAX:
        skip(desk, look, "skipped_unanswered")
    elif market is None:
        skip(desk, look, "market_open", detail="the market has ended and is forgotten")
    elif seen is None:
        skip(desk, look, "skipped_unavailable", detail=shown(inp.why))
    elif seen.instrument != name or quote_fault(market.instrument, seen):
        fault = quote_fault(market.instrument, seen) or "market_data_unlisted"
        intake.reject(desk, fault, "look", name)
        skip(desk, look, "skipped_unavailable", detail=fault)
    else:
        _judge(desk, look, market, seen)


def cycle(desk: Context) -> None:
    """Once a cycle: end the looks whose answer does not come, and forget what is over."""
    for look in list(desk.state.looks.values()):
        if desk.now - look.asked_ts >= ANSWER_MAX:
            skip(desk, look, "skipped_unanswered")
    for key, known in list(desk.looked.items()):
        if known.ended_ts is not None and desk.now - known.ended_ts >= FORGOTTEN:
            del desk.looked[key]


def start(desk: Context) -> None:
    """The question died with the process that asked it, and the idea is as old as that."""
    for look in list(desk.state.looks.values()):
        skip(desk, look, "skipped_restart")
    desk.looked.clear()


def _judge(desk: Context, look: Look, market: Market, seen: QuoteSeen) -> None:
    intent = look.intent
    if not warrants.stands(desk.state, intent):
        skip(desk, look, "assent_changed")
        return
    candidate = Candidate(
        state=desk.state, now=desk.now, strategy=intent.strategy, proposal=as_proposed(intent, desk.now),
        market=market, quote=_newest(desk, market, seen), look=look,
    )  # fmt: skip
    verdict = judge(candidate)
    if verdict.reason is None:
        desk.looked.pop(_key(intent), None)
        releasing.release(desk, intent, warrants.assent_of(desk.state, intent))
    else:
        skip(desk, look, verdict.reason, checks=verdict.checks, quote=candidate.quote)


def skip(
    desk: Context,
    look: Look,
    reason: str,
    *,
    detail: str = "",
    checks: tuple[Check, ...] = (),
    quote: QuoteTaken | None = None,
) -> None:
    """End it without a release, and say why."""
    key = _key(look.intent)
    known = desk.looked.pop(key, None)
    desk.looked[key] = Looked(0, ended_ts=desk.now)
    desk.emit(
        IntentSkipped(
            intent_id=look.intent.intent_id, reason=reason, detail=detail, checks=checks, quote=quote,
            repeats=known.repeats if known else 0,
        )
    )  # fmt: skip


def _newest(desk: Context, market: Market, seen: QuoteSeen) -> QuoteTaken | None:
    """What the stream told after the venue's answer is newer than the answer."""
    held = market.quote
    if held is not None and held.received_ts > seen.received_ts:
        return desk.streams.taken(market)
    sides = seen.bid, seen.bid_qty, seen.ask, seen.ask_qty
    return QuoteTaken(*sides, seen.source_ts, seen.received_ts, seen.received_ts)


def as_proposed(intent: Intent, now: int) -> Proposal:
    """The intent as its strategy would say it now, in the size that it has."""
    return Proposal(
        instrument=intent.instrument, action=intent.action, side=intent.side, price=intent.price, fair=intent.fair,
        qty_max=intent.qty, type=intent.type, time_in_force=intent.time_in_force, stop_price=intent.stop_price,
        post_only=intent.post_only, life_ns=None if intent.expires_ts is None else intent.expires_ts - now,
        order_id=intent.order_id, exits=intent.exits, scores=intent.scores, reason=intent.reason,
    )  # fmt: skip


def _key(intent: Intent) -> Key:
    return warrants.idea_of(intent.strategy, intent.instrument, intent)
