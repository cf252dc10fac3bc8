"""What comes of a question to people: an answer judged, the last look and the release, a denial, or the end of time.

An answer counts once, from a person that the constitution names, in time, and to exactly the terms that were shown.
It is refused for the first of these that is so: taken before (`assent_replayed`); it names no question that stands
(`assent_late` for one that expired, `assent_ended` for one that ended otherwise, `assent_unknown`), or more than one
(`assent_ambiguous`); not from one of the people (`assent_not_permitted`); older than the question (`assent_early`);
at its end or later (`assent_late`). And a yes besides: to other terms (`assent_copied`); the limits have changed since
(`assent_changed`); the same person again (`assent_twice`); enough people have said yes (`assent_ended`); a halt forbids
it (`assent_halted`); a second factor is needed (`second_factor_missing`).
Any denial ends the intent until it is released, also during the last look, when its time may be over.

When enough people have said yes every rule runs again, on a quote that is proven now, beside the price at which it was
proposed; so what the people saw and what leaves cannot be two things.
"""

from msgspec import structs

from assent.desk import approving, halts, looked, looking, proposing, releasing, warrants
from assent.desk.context import Context, Waiting
from assent.desk.gate import judge
from assent.desk.state import Asked, Look, State
from assent.model import ids
from assent.model.assents import AssentDenied, AssentGiven, AssentRefused, AssentSeen
from assent.model.binding import terms_digest
from assent.model.levels import ALLOWED
from assent.model.policy import person_of
from assent.model.text import identity, shown

# So much of an intent's id must be named, with its first two signs, for it to be meant.
PREFIX_MIN = 6
# How a question ended, and what is told to who answers it later.
TOO_LATE = {"expired": "assent_late"}


def assent_seen(desk: Context, inp: AssentSeen) -> None:
    """Take one answer, or say why not. Nothing but these facts comes of it."""
    inp = structs.replace(inp, message_id=identity(inp.message_id))
    asked, reason = _find(desk.state, inp)
    if asked is not None and reason is None:
        reason = _obstacle(desk, asked, inp)
    if reason is not None or asked is None:
        _refuse(desk, asked, inp, reason or "assent_unknown")
    elif inp.verdict == "expire":
        approving.end(desk, asked, "ended_by_hand", by=_person(desk, inp) or "", message_id=inp.message_id)
        desk.unanswered.pop(asked.intent.instrument, None)
    elif inp.verdict == "reject":
        _deny(desk, asked, inp)
    else:
        _grant(desk, asked, inp)


def cycle(desk: Context) -> None:
    """Once a cycle: end what nobody answered in time, and forget what is over."""
    for asked in list(desk.state.asked.values()):
        if desk.now >= asked.expires_ts and not asked.complete:
            approving.end(desk, asked, "expired", by="desk")
    for key, known in list(desk.waiting.items()):
        if known.intent_id not in desk.state.asked and desk.now >= known.until_ts:
            del desk.waiting[key]
    for name, waited in list(desk.unanswered.items()):
        if name not in desk.state.guards or desk.now >= waited.until_ts:
            del desk.unanswered[name]


def start(desk: Context) -> None:
    """A question outlives the process that asked it, for as long as it would have stood anyway; and so does a no."""
    desk.waiting.clear()
    seal = desk.state.seal
    for key, (intent_id, ts) in desk.state.archive.denied.items():
        if seal is not None and desk.now < ts + seal.constitution.denied_pause_min:
            desk.waiting[key] = Waiting(intent_id, until_ts=ts + seal.constitution.denied_pause_min)
    for asked in list(desk.state.asked.values()):
        if desk.now >= asked.expires_ts:
            approving.end(desk, asked, "expired", by="desk")
        else:
            desk.waiting[approving.key_of(asked.intent)] = Waiting(asked.intent.intent_id)


def _find(state: State, inp: AssentSeen) -> tuple[Asked | None, str | None]:
    """The question that is meant, or why there is none."""
    if inp.message_id in state.archive.answers:
        return None, "assent_replayed"
    named = inp.intent
    if ids.is_human_code(named):
        found = [asked for asked in state.asked.values() if asked.code == named]
        gone = [how for code, how in state.archive.asked.values() if code == named]
    elif len(named) >= PREFIX_MIN:
        found = [asked for name, asked in state.asked.items() if name.startswith(named)]
        gone = [how for name, (_, how) in state.archive.asked.items() if name.startswith(named)]
    else:
        return None, "assent_unknown"
    if len(found) == 1:
        return found[0], None
    if found:
        return None, "assent_ambiguous"
    return None, TOO_LATE.get(gone[-1], "assent_ended") if gone else "assent_unknown"


def _obstacle(desk: Context, asked: Asked, inp: AssentSeen) -> str | None:
    """Why this answer changes nothing. A no is taken from whoever may say yes, whatever it was that was shown."""
    person = _person(desk, inp)
    if person is None:
        return "assent_not_permitted"
    if inp.received_ts < asked.asked_ts:
        return "assent_early"
    begun = asked.complete and inp.verdict != "approve"
    if max(desk.now, inp.received_ts) >= asked.expires_ts and not begun:
        return "assent_late"
    return _yes_obstacle(desk, asked, inp, person) if inp.verdict == "approve" else None


def _yes_obstacle(desk: Context, asked: Asked, inp: AssentSeen, person: str) -> str | None:
    seal, intent = desk.state.seal, asked.intent
    if inp.terms != asked.terms:
        return "assent_copied"
    if seal is None or terms_digest(seal, asked.orders) != asked.terms:
        return "assent_changed"
    if any(grant.person == person for grant in asked.grants):
        return "assent_twice"
    if asked.complete:
        return "assent_ended"
    if intent.action not in ALLOWED[halts.level_at(desk.state, desk.now)] or intent.strategy in desk.state.stopped:
        return "assent_halted"
    if intent.worst_loss >= seal.constitution.second_factor_from and not inp.factor:
        return "second_factor_missing"
    return None


def _person(desk: Context, inp: AssentSeen) -> str | None:
    seal = desk.state.seal
    return person_of(seal.constitution.approvers, inp.identity) if seal is not None else None


def _refuse(desk: Context, asked: Asked | None, inp: AssentSeen, reason: str) -> None:
    desk.emit(
        AssentRefused(
            intent_id=asked.intent.intent_id if asked is not None else "", said=shown(inp.intent), verdict=inp.verdict,
            reason=reason, identity=shown(inp.identity), channel=inp.channel, message_id=inp.message_id,
        )
    )  # fmt: skip


def _deny(desk: Context, asked: Asked, inp: AssentSeen) -> None:
    key, seal = approving.key_of(asked.intent), desk.state.seal
    pause = seal.constitution.denied_pause_min if seal is not None else 0
    desk.waiting[key] = Waiting(asked.intent.intent_id, until_ts=desk.now + pause)
    desk.looked.pop(key, None)
    desk.unanswered.pop(asked.intent.instrument, None)
    desk.emit(
        AssentDenied(
            intent_id=asked.intent.intent_id, person=_person(desk, inp) or "", identity=inp.identity,
            channel=inp.channel, message_id=inp.message_id, reason=shown(inp.reason),
        )
    )  # fmt: skip


def _grant(desk: Context, asked: Asked, inp: AssentSeen) -> None:
    desk.emit(
        AssentGiven(
            intent_id=asked.intent.intent_id, person=_person(desk, inp) or "", identity=inp.identity,
            channel=inp.channel, message_id=inp.message_id, terms=inp.terms, factor=inp.factor,
        )
    )  # fmt: skip
    if asked.complete:
        desk.unanswered.pop(asked.intent.instrument, None)
        _carry_out(desk, asked)


def _carry_out(desk: Context, asked: Asked) -> None:
    """The last look, on what is known now where that is proven, else on the venue's own answer."""
    intent, key = asked.intent, approving.key_of(asked.intent)
    known, market = desk.waiting.pop(key, None), desk.markets.get(asked.intent.instrument)
    look = Look(intent, asked.price, desk.now)
    if market is None and intent.action != "cancel":
        looked.skip(desk, look, "market_open", detail="the market has ended or is not listed yet")
        return
    if intent.action == "open":
        # The price that counts as moved is that of the proposal; only a proof from after the answer is one.
        looking.ask(desk, key, intent, asked.price, repeats=known.repeats if known else 0)
        return
    candidate = proposing.candidate_of(desk, intent.strategy, looked.as_proposed(intent, desk.now))
    verdict = judge(candidate)
    if verdict.reason is not None:
        looked.skip(desk, look, verdict.reason, checks=verdict.checks, quote=candidate.quote)
    elif intent.action == "cancel":
        proposing.cancel(desk, intent)
    elif (candidate.qty, candidate.price) != (intent.qty, intent.price):
        looked.skip(desk, look, "skipped_terms", detail="another size would be left now", quote=candidate.quote)
    else:
        releasing.release(desk, intent, warrants.assent_of(desk.state, intent))
