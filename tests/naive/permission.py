"""Rules that ask who may do anything at all, and with which market, quote and proposal: written anew from the pages."""

from tests.naive import halts
from tests.naive.arithmetic import ONE, on_grid
from tests.naive.idea import UNJUDGED, Answer, Idea, at_most


def mode(idea: Idea) -> Answer:
    return idea.books.mode in ("paper", "observe", "dry-run", "live"), None, None


def kill_switch(idea: Idea) -> Answer:
    return _halted(idea, halts.SWITCH)


def level(idea: Idea) -> Answer:
    """All halts but those for which another rule says no."""
    return _halted(idea, "level")


def _halted(idea: Idea, rule: str) -> Answer:
    most = max(number for number, actions in halts.FORBIDDEN.items() if idea.action not in actions)
    return at_most(halts.spoken_for(idea.books, rule, idea.now), most)


def strategy_stopped(idea: Idea) -> Answer:
    return idea.strategy not in idea.books.stopped, None, None


def books_matched(idea: Idea) -> Answer:
    return idea.books.matched > idea.books.started, None, None


def hold(idea: Idea) -> Answer:
    return not idea.proposal.hold, None, None


def scope(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    limits, market = idea.limits, idea.market
    return market.id in limits.markets or market.event in limits.events or market.series in limits.series, None, None


def market_open(idea: Idea) -> Answer:
    is_open = idea.market is not None and idea.seen.phases.get(idea.name) == "open"
    return is_open and idea.name not in idea.books.ended and idea.now < idea.market.close_ts, None, None


def quote_proof(idea: Idea) -> Answer:
    if idea.quote is None:
        return UNJUDGED
    age, limit = idea.now - idea.seen.proven_ts(idea.name), idea.limits.quote_proof_age_max
    return 0 <= age <= limit, age, limit


def order_form(idea: Idea) -> Answer:
    proposal, books = idea.proposal, idea.books
    if idea.action == "claim":
        return UNJUDGED
    if idea.action == "cancel":
        name = proposal.order_id or ""
        order = books.orders.get(name) or books.would.get(name)
        own = order is not None and (order.intent.strategy, order.terms.instrument) == (idea.strategy, idea.name)
        return own and order.may_be_cancelled, None, None
    life = proposal.life_ns
    fits = (
        idea.market is not None
        and on_grid(idea.market, proposal.price)
        and (life is None or (life > 0 and proposal.time_in_force == "gtc"))
        and (proposal.qty_max is None or proposal.qty_max > 0)
        and not (proposal.post_only and proposal.time_in_force in ("ioc", "fok"))
        and proposal.type == "limit"
        and not proposal.protective
    )
    if idea.action == "close":
        return fits and idea.size.qty > 0, None, None
    held = books.held(idea.name)
    against = held * (1 if idea.side == "buy" else -1) < 0
    leaving = any(order.intent.action == "close" for order in books.open_orders(idea.name))
    return fits and not (against and leaving), None, None


def one_open_intent(idea: Idea) -> Answer:
    if idea.action == "cancel":
        order = idea.books.orders.get(idea.proposal.order_id or "")
        waits = order is not None and order.rest > 0 and not order.may_ask_cancel(idea.now)
        return at_most(1 + waits, 1)
    mine = [
        order
        for order in (*idea.books.open_orders(), *idea.books.would.values())
        if (order.terms.instrument, order.intent.strategy, order.intent.action)
        == (idea.name, idea.strategy, idea.action)
    ]
    return at_most(len(mine) + 1, 1)


def confidence(idea: Idea) -> Answer:
    score, least = idea.score("confidence"), idea.limits.confidence_min
    return score is not None and least <= score <= ONE, score, least


def scores(idea: Idea) -> Answer:
    answer: Answer = (True, None, None)
    for asked in idea.limits.scores_min:
        score = idea.score(asked.name)
        answer = score is not None and asked.ppm <= score <= ONE, score, asked.ppm
        if not answer[0]:
            break
    return answer
