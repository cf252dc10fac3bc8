"""How much a member may ask in a second, and what the one too many is told."""

from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, BOB_KEY, BOB_PRIVATE, Venue
from tests.exchange.kalshi.test_orders import ORDERS, create
from tests.exchange.support import MARKET

from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.buckets import BASIC, Buckets
from assent.exchange.types import SECOND


class LimitedVenue(Venue):
    def __init__(self) -> None:
        super().__init__()
        members = (
            Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),
            Member(BOB_KEY, BOB_PRIVATE.public_key(), "bob"),
        )
        self.app = App(self.box, Keys(members), lambda: self.floor.now, tier=BASIC)


def test_ten_orders_a_second_and_the_eleventh_is_refused_without_a_hint() -> None:
    venue = LimitedVenue()
    assert [create(venue, price="0.10").status for _ in range(10)] == [201] * 10
    refused = create(venue, client_order_id="late", price="0.10")
    assert (refused.status, refused.json) == (429, {"error": "too many requests"})
    assert set(refused.headers) == {"content-type", "content-length"}
    venue.floor.now += SECOND // 10
    assert create(venue, client_order_id="late", price="0.10").status == 201
    assert create(venue, price="0.10").status == 429


def test_a_cancel_costs_a_fifth_of_an_order() -> None:
    venue = LimitedVenue()
    statuses = [venue.call("DELETE", f"{ORDERS}/none", member="ann").status for _ in range(51)]
    assert statuses == [404] * 50 + [429]


def test_reads_and_writes_and_members_do_not_share_a_bucket() -> None:
    venue = LimitedVenue()
    reads = [venue.call("GET", "/portfolio/balance", member="ann").status for _ in range(61)]
    assert reads == [200] * 60 + [429]
    assert create(venue).status == 201
    assert venue.call("GET", "/portfolio/balance", member="bob").status == 200


def test_who_does_not_sign_is_not_limited_and_a_wrong_signature_costs_nothing() -> None:
    venue = LimitedVenue()
    assert {venue.get(f"/markets/{MARKET}").status for _ in range(100)} == {200}
    wrong = {"KALSHI-ACCESS-SIGNATURE": "AAAA"}
    for _ in range(20):
        assert venue.call("POST", ORDERS, body={}, member="ann", headers=wrong).status == 401
    assert create(venue).status == 201


def test_a_bucket_never_holds_more_than_its_capacity_and_time_never_empties_it() -> None:
    buckets = Buckets(BASIC)
    now = 100 * SECOND
    assert buckets.take("ann", writes=True, cost=100, now=now)
    assert not buckets.take("ann", writes=True, cost=1, now=now - SECOND)
    assert not buckets.take("ann", writes=True, cost=101, now=now + 60 * SECOND)
    assert buckets.take("ann", writes=True, cost=100, now=now + 60 * SECOND)
    assert not buckets.take("ann", writes=True, cost=1, now=now + 60 * SECOND)
