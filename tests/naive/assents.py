"""Whom a desk has to ask, what an answer comes to, and what a release rests on: read anew from the pages.

A question stands in the books with its terms, its people and who has said yes; what is over stands in a list. The terms
are hashed here from an order written down by hand, so that two programs have to come to the same bytes.
"""

import json
from hashlib import sha256
from typing import Any

from tests.naive import halts
from tests.naive.books import Books

# From these an answer may be named: so many signs of an intent's id, or a code of six of these symbols.
SIGNS, SYMBOLS = 6, "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
# What leaves, opens or collects: all but what only takes an order off.
ORDERS = ("open", "close", "claim")
A_WEEK = 7 * 86_400 * 10**9


def people_asked(limits: Any, action: str, loss: int) -> int:
    """The strictest of the bands that this loss has reached."""
    return max([0, *(band.people for band in limits.approvals if band.action == action and loss >= band.loss)])


def person_behind(limits: Any, identity: str) -> str | None:
    found = [person.name for person in limits.approvers if identity in person.identities]
    return found[0] if found else None


def never_in_force(limits: Any) -> bool:
    """Whether nobody would be asked where somebody must be, or more people are asked for than there are."""
    unasked = any(people_asked(limits, action, 0) == 0 for action in ORDERS)
    alone = limits.exits_auto_after != A_WEEK
    too_many = any(band.people > len(limits.approvers) for band in limits.approvals)
    return too_many or (limits.approval_mandatory and (unasked or alone))


# --- the terms --------------------------------------------------------------------------------------------------


def order_digest(books: Books, intent: Any) -> str:
    """Of the one order that this intent would leave as, at a venue that holds no brackets for us."""
    if intent.action == "cancel":
        order = books.orders.get(intent.order_id) or books.would[intent.order_id]
        return _digest_of(order.terms)
    return _digest_of(None, _written(books, intent))


def _written(books: Books, intent: Any) -> dict[str, Any]:
    said = {
        "order_id": _order_name(books, intent), "intent_id": intent.intent_id, "attempt": 1,
        "instrument": intent.instrument, "side": intent.side, "type": intent.type, "price": intent.price,
        "qty": intent.qty, "time_in_force": intent.time_in_force,
    }  # fmt: skip
    if intent.post_only:
        said["post_only"] = True
    if intent.action == "close" and intent.time_in_force == "ioc":
        said["reduce_only"] = True
    if intent.expires_ts is not None:
        said["expires_ts"] = intent.expires_ts
    return said | ({"oca_group": intent.oca_group} if intent.oca_group is not None else {})


MUST = ("order_id", "intent_id", "attempt", "instrument", "side", "type", "price", "qty", "time_in_force")
MAY = ("stop_price", "post_only", "reduce_only", "expires_ts", "parent", "oca_group", "protective")


def _digest_of(terms: Any, said: dict[str, Any] | None = None) -> str:
    """The bytes: no blanks, the fields in their order, and none that says nothing."""
    if said is None:
        told = [(name, getattr(terms, name)) for name in (*MUST, *MAY)]
        said = {name: value for name, value in told if name in MUST or value not in (None, False)}
    return sha256(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _order_name(books: Books, intent: Any) -> str:
    """A hash of what it is about, in the shape of a UUID."""
    seal = books.seal
    parts = ["order", seal.ledger_id, seal.venue, seal.account, intent.intent_id, intent.instrument, intent.side]
    parts.append(f"1 {intent.price} {intent.qty}")
    text = "".join(f"{len(part)}:{part}" for part in parts)
    hexed = sha256(text.encode()).hexdigest()
    return "-".join((hexed[:8], hexed[8:12], hexed[12:16], hexed[16:20], hexed[20:32]))


def terms_of(books: Books, orders: Any) -> str:
    """Over the ledger, the mode, the venue, its environment, the account, the limits in force, and the orders."""
    seal, found = books.seal, sha256(b"assent to exactly these orders, 1")
    for part in (
        seal.ledger_id, seal.mode, seal.venue, seal.environment, seal.account, books.limits_digest, *orders,
    ):  # fmt: skip
        found.update(len(part.encode()).to_bytes(4, "big"))
        found.update(part.encode())
    return found.hexdigest()


# --- an answer --------------------------------------------------------------------------------------------------


def is_code(text: str) -> bool:
    """Six of the symbols; the places count two to six, the last symbol makes it up to a multiple of their number."""
    if len(text) != 6 or not set(text) <= set(SYMBOLS):
        return False
    sums = sum(place * SYMBOLS.index(symbol) for place, symbol in enumerate(text[:5], start=2))
    return (sums + SYMBOLS.index(text[5])) % len(SYMBOLS) == 0


def meant(books: Books, inp: Any) -> tuple[str, str | None]:
    """The intent whose question is answered, or why there is none."""
    if inp.message_id in books.taken:
        return "", "assent_replayed"
    if is_code(inp.intent):
        waits = [name for name, asked in books.asked.items() if asked.code == inp.intent]
        over = [how for _, code, how in books.answered if code == inp.intent]
    elif len(inp.intent) >= SIGNS:
        waits = [name for name in books.asked if name.startswith(inp.intent)]
        over = [how for name, _, how in books.answered if name.startswith(inp.intent)]
    else:
        return "", "assent_unknown"
    if waits:
        return (waits[0], None) if len(waits) == 1 else ("", "assent_ambiguous")
    if not over:
        return "", "assent_unknown"
    return "", "assent_late" if over[-1] == "expired" else "assent_ended"


def obstacle(books: Books, now: int, inp: Any, name: str) -> str | None:
    """Why an answer to this question changes nothing: the first that is so."""
    asked, limits, intent = books.asked[name], books.limits, books.intents[name]
    person, no = person_behind(limits, inp.identity), inp.verdict != "approve"
    found = (
        (person is None, "assent_not_permitted"),
        (inp.received_ts < asked.ts, "assent_early"),
        (max(now, inp.received_ts) >= asked.expires_ts and not (no and asked.enough), "assent_late"),
        (not no and inp.terms != asked.terms, "assent_copied"),
        (not no and terms_of(books, asked.orders) != asked.terms, "assent_changed"),
        (not no and person in asked.yes, "assent_twice"),
        (not no and asked.enough, "assent_ended"),
        (not no and forbidden(books, intent, now), "assent_halted"),
        (not no and intent.worst_loss >= limits.second_factor_from and not inp.factor, "second_factor_missing"),
    )
    return next((code for holds, code in found if holds), None)


def forbidden(books: Books, intent: Any, now: int) -> bool:
    return intent.action in halts.FORBIDDEN[halts.level(books, now)] or intent.strategy in books.stopped


def verdict(books: Books, now: int, inp: Any) -> tuple[str, str]:
    """What has to come of an answer: the kind of the fact or the code of a refusal; and of which intent it speaks."""
    name, code = meant(books, inp)
    code = code or obstacle(books, now, inp, name)
    kinds = {"approve": "AssentGiven", "reject": "AssentDenied", "expire": "ApprovalEnded"}
    return code or kinds[inp.verdict], name


# --- what a release rests on ------------------------------------------------------------------------------------


def still_stands(books: Books, intent: Any) -> bool:
    """Whether what people were asked, or that nobody was asked, still holds under the limits of now."""
    asked = books.asked.get(intent.intent_id)
    if asked is None:
        return people_asked(books.limits, intent.action, intent.worst_loss) == 0
    return asked.enough and terms_of(books, asked.orders) == asked.terms


def may_go_alone(limits: Any, intent: Any) -> bool:
    """Whether this is an exit of the desk's own that need not wait for ever."""
    own = intent.action == "close" and intent.strategy == "desk"
    return own and limits.exits_auto_after != A_WEEK and not limits.approval_mandatory


def rests_on(books: Books, fact: Any) -> None:
    """At a release: nobody had to be asked, or enough different people have said yes to exactly this order."""
    intent = books.intents[fact.order.intent_id]
    asked, digest = books.asked.get(intent.intent_id), _digest_of(fact.order)
    assert fact.digest == digest, "the digest is another order's"
    if asked is None:
        needed = people_asked(books.limits, intent.action, intent.worst_loss)
        alone = fact.assent == "exits_auto_after" and may_go_alone(books.limits, intent)
        assert alone or (not needed and fact.assent == "autonomous"), f"{intent.intent_id} needs {needed} people"
        return
    assert still_stands(books, intent), f"{intent.intent_id} leaves without its assent"
    assert (fact.assent, digest in asked.orders) == (asked.terms, True), f"{intent.intent_id} leaves as another order"


def well_asked(books: Books, ts: int, fact: Any) -> None:
    """A question as it has to be: to as many people as the limits say, about the orders that a release would state,
    and for as long as the limits and the order's own life allow."""
    limits, intent = books.limits, books.intents[fact.intent_id]
    assert fact.intent_id not in books.asked, f"{fact.intent_id} is asked about twice"
    assert fact.code == intent.code, "the code is another intent's"
    assert fact.people == people_asked(limits, intent.action, intent.worst_loss) > 0, "another number of people"
    assert list(fact.orders) == [order_digest(books, intent)], f"{fact.intent_id}: other orders are covered"
    assert fact.terms == terms_of(books, fact.orders), f"{fact.intent_id}: other terms"
    ends = [ts + limits.approval_life, *([] if intent.expires_ts is None else [intent.expires_ts])]
    assert fact.expires_ts == min(ends), f"{fact.intent_id} waits for another while"


def well_given(books: Books, ts: int, fact: Any) -> None:
    """A yes as it has to be."""
    asked = books.asked[fact.intent_id]
    assert fact.message_id not in books.taken, f"{fact.message_id} is taken twice"
    assert person_behind(books.limits, fact.identity) == fact.person, "said yes by nobody of the people"
    assert fact.person not in asked.yes, f"{fact.person} has said yes before"
    assert fact.terms == asked.terms, "a yes to other terms"
    assert ts < asked.expires_ts, "a yes after the end"
