"""Whatever two members do to their orders over the wire, the money and every sum beside it add up."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exchange.kalshi.support import Venue
from tests.exchange.kalshi.test_orders import ORDERS, create
from tests.exchange.support import MARKET

from assent.exchange.types import MICRO

CASH = 20 * MICRO
members = st.sampled_from(["ann", "bob"])
prices = st.sampled_from(["0.40", "0.48", "0.50", "0.52", "0.60"])
counts = st.sampled_from(["0.01", "1", "2.5", "7.77", "30"])
creates = st.tuples(
    st.just("create"),
    members,
    st.fixed_dictionaries(
        {
            "side": st.sampled_from(["bid", "ask"]),
            "price": prices,
            "count": counts,
            "time_in_force": st.sampled_from(["good_till_canceled", "immediate_or_cancel", "fill_or_kill"]),
            "self_trade_prevention_type": st.sampled_from(["taker_at_cross", "maker"]),
        }
    ),
)
amends = st.tuples(st.just("amend"), st.integers(0, 9), st.fixed_dictionaries({"price": prices, "count": counts}))
decreases = st.tuples(st.just("decrease"), st.integers(0, 9), st.fixed_dictionaries({"reduce_to": counts}))
cancels = st.tuples(st.just("cancel"), st.integers(0, 9), st.just({}))


def act(venue: Venue, known: list[tuple[str, str, str]], kind: str, who: Any, changes: dict[str, Any]) -> None:
    """One request; `known` collects every order that was taken: its id, owner and side."""
    if kind == "create":
        answer = create(venue, who, **changes)
        if answer.status == 201:
            known.append((answer.json["order_id"], who, changes["side"]))
        return
    if not known:
        return
    order_id, owner, side = known[who % len(known)]
    if kind == "cancel":
        venue.call("DELETE", f"{ORDERS}/{order_id}", member=owner)
        return
    body = changes | ({"ticker": MARKET, "side": side} if kind == "amend" else {})
    venue.call("POST", f"{ORDERS}/{order_id}/{kind}", body=body, member=owner)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(creates, creates, amends, decreases, cancels), max_size=25))
def test_money_and_statements_add_up_after_every_request(acts: list[Any]) -> None:
    venue = Venue(cash=CASH)
    known: list[tuple[str, str, str]] = []
    for kind, who, changes in acts:
        act(venue, known, kind, who, changes)
        venue.floor.exchange.check()
        for name in ("ann", "bob"):
            holdings = venue.box.statements[name].holdings.values()
            spent = sum(each.cost - each.realized + each.fees for each in holdings)
            assert venue.floor.cash(name) == CASH - spent
            assert sum(each.position for each in holdings) == venue.floor.position(name)
    for order_id, owner, _ in known:
        row = venue.call("GET", f"/portfolio/orders/{order_id}", member=owner).json["order"]
        fills = venue.call("GET", "/portfolio/fills", query={"order_id": order_id, "limit": 1000}, member=owner).json
        filled = sum(round(float(fill["count_fp"]) * 100) for fill in fills["fills"])
        assert filled == round(float(row["fill_count_fp"]) * 100)
