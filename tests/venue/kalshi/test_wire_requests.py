"""Our orders in the venue's words: canonical, as its own description of the API wants them, or not written at all."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.orders import Order
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi import numbers, wire_requests
from assent.venue.kalshi.wire import Rejection
from assent.venue.kalshi.wire_requests import Terms

NOW = 1_790_000_000 * SECOND
PLAIN = Terms()
FULL = Terms(self_trade_prevention="maker", cancel_on_pause=True, order_group="group-1", subaccount=3, exchange_index=2)
VENUE_ID = "0b9a4c1e-5b55-4b1c-8d52-0f8a3a2f7d10"


def an_order(**fields: Any) -> Order:
    made = Order(
        order_id="7d0c2f0e-6f0d-4d0a-9f7e-2f1f6a1b9c11",
        intent_id="i-1",
        attempt=1,
        instrument="KXRAIN-26NOV20-T1.5",
        side="sell",
        type="limit",
        price=610_000,
        qty=12_500_000,
        time_in_force="gtc",
    )
    return msgspec.structs.replace(made, **fields)


def created(terms: Terms = PLAIN, **fields: Any) -> dict[str, Any]:
    written = wire_requests.create(an_order(**fields), terms, now=NOW)
    assert isinstance(written, bytes), written
    read: dict[str, Any] = json.loads(written)
    return read


def refused(terms: Terms = PLAIN, **fields: Any) -> tuple[str, str]:
    written = wire_requests.create(an_order(**fields), terms, now=NOW)
    assert isinstance(written, Rejection), written
    return written.code, written.path


def test_an_order_is_written_with_nothing_that_says_nothing() -> None:
    assert wire_requests.create(an_order(), PLAIN, now=NOW) == (
        b'{"ticker":"KXRAIN-26NOV20-T1.5","client_order_id":"7d0c2f0e-6f0d-4d0a-9f7e-2f1f6a1b9c11","side":"ask",'
        b'"count":"12.50","price":"0.6100","time_in_force":"good_till_canceled",'
        b'"self_trade_prevention_type":"taker_at_cross"}'
    )


def test_everything_that_an_order_and_its_terms_may_say_is_written() -> None:
    body = created(FULL, side="buy", post_only=True, expires_ts=NOW + 90 * SECOND + 7)
    assert body["side"] == "bid"
    assert body["post_only"] is True
    assert body["expiration_time"] == 1_790_000_090
    assert body["self_trade_prevention_type"] == "maker"
    assert body["cancel_order_on_pause"] is True
    assert (body["order_group_id"], body["subaccount"], body["exchange_index"]) == ("group-1", 3, 2)
    assert created(time_in_force="ioc", reduce_only=True)["reduce_only"] is True


@pytest.mark.parametrize(
    ("ours", "theirs"), [("gtc", "good_till_canceled"), ("ioc", "immediate_or_cancel"), ("fok", "fill_or_kill")]
)
def test_each_time_in_force_has_the_venues_word(ours: str, theirs: str) -> None:
    assert created(time_in_force=ours)["time_in_force"] == theirs


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"type": "market"}, ("unsupported", "type")),
        ({"type": "stop"}, ("unsupported", "type")),
        ({"time_in_force": "day"}, ("unsupported", "time_in_force")),
        ({"time_in_force": "ioc", "expires_ts": NOW + MICRO * SECOND}, ("unsupported", "expiration_time")),
        ({"time_in_force": "fok", "post_only": True}, ("unsupported", "post_only")),
        ({"reduce_only": True}, ("unsupported", "reduce_only")),
        ({"time_in_force": "fok", "reduce_only": True}, ("unsupported", "reduce_only")),
        ({"expires_ts": NOW}, ("bad_time", "expiration_time")),
        ({"expires_ts": NOW + SECOND - 1}, ("bad_time", "expiration_time")),
        ({"price": 0}, ("bad_price", "price")),
        ({"price": MICRO}, ("bad_price", "price")),
        ({"price": 610_050}, ("bad_price", "price")),
        ({"qty": 0}, ("bad_qty", "count")),
        ({"qty": 12_505_000}, ("bad_qty", "count")),
        ({"order_id": "with.dot"}, ("bad_name", "client_order_id")),
        ({"order_id": "x" * 65}, ("bad_name", "client_order_id")),
        ({"order_id": ""}, ("bad_name", "client_order_id")),
        ({"instrument": "KX/../../api_keys"}, ("bad_name", "ticker")),
        ({"instrument": ""}, ("bad_name", "ticker")),
    ],
)
def test_what_the_venue_would_refuse_or_misread_is_not_written(fields: dict[str, Any], why: tuple[str, str]) -> None:
    assert refused(**fields) == why


def test_terms_that_name_no_group_subaccount_or_shard_of_the_venue_are_not_written() -> None:
    assert refused(Terms(order_group="a b")) == ("bad_name", "order_group_id")
    assert refused(Terms(subaccount=64)) == ("bad_number", "subaccount")
    assert refused(Terms(exchange_index=-2)) == ("bad_number", "exchange_index")
    assert created(Terms(exchange_index=-1))["exchange_index"] == -1


def test_an_amend_names_the_new_total_of_filled_and_resting() -> None:
    written = wire_requests.amend(an_order(), price=600_000, total=20 * MICRO, terms=PLAIN)
    assert written == (
        b'{"ticker":"KXRAIN-26NOV20-T1.5","client_order_id":"7d0c2f0e-6f0d-4d0a-9f7e-2f1f6a1b9c11","side":"ask",'
        b'"price":"0.6000","count":"20.00"}'
    )
    off = wire_requests.amend(an_order(), price=600_050, total=20 * MICRO, terms=PLAIN)
    assert isinstance(off, Rejection)
    assert (off.code, off.path) == ("bad_price", "price")


def test_a_decrease_names_its_market_and_never_takes_off_everything() -> None:
    written = wire_requests.decrease(an_order(), by=2_500_000, terms=FULL)
    assert written == b'{"market_ticker":"KXRAIN-26NOV20-T1.5","reduce_by":"2.50","exchange_index":2}'
    for by in (0, -MICRO, 12_500_000, 5_000):
        nothing = wire_requests.decrease(an_order(), by=by, terms=PLAIN)
        assert isinstance(nothing, Rejection)
        assert nothing.code == "bad_qty"


def test_each_cancel_names_its_market() -> None:
    root = f"/portfolio/events/orders/{VENUE_ID}"
    assert wire_requests.cancel_path(VENUE_ID, an_order(), PLAIN) == f"{root}?market_ticker=KXRAIN-26NOV20-T1.5"
    full = wire_requests.cancel_path(VENUE_ID, an_order(), FULL)
    assert full == f"{root}?market_ticker=KXRAIN-26NOV20-T1.5&subaccount=3&exchange_index=2"
    assert wire_requests.cancel_batch([(VENUE_ID, an_order())], PLAIN) == (
        b'{"orders":[{"order_id":"' + VENUE_ID.encode() + b'","market_ticker":"KXRAIN-26NOV20-T1.5"}]}'
    )


def test_an_amend_and_a_decrease_are_asked_for_on_the_orders_own_subaccount() -> None:
    root = f"/portfolio/events/orders/{VENUE_ID}"
    assert wire_requests.change_path(VENUE_ID, "amend", PLAIN) == f"{root}/amend"
    assert wire_requests.change_path(VENUE_ID, "decrease", FULL) == f"{root}/decrease?subaccount=3"


@pytest.mark.parametrize("venue_id", ["", "../x", "a/b", "a?b=c", "a b", "a&b", "\u0661"])
def test_an_order_id_that_would_bend_the_path_is_not_put_into_it(venue_id: str) -> None:
    for path in (
        wire_requests.cancel_path(venue_id, an_order(), PLAIN),
        wire_requests.cancel_batch([(venue_id, an_order())], PLAIN),
        wire_requests.change_path(venue_id, "amend", PLAIN),
    ):
        assert isinstance(path, Rejection)
        assert path.code == "bad_name"
        assert path.path.endswith("order_id")


def test_one_order_that_cannot_be_written_keeps_its_batch_back() -> None:
    batch = wire_requests.create_batch([an_order(), an_order(price=0)], PLAIN, now=NOW)
    assert isinstance(batch, Rejection)
    assert (batch.code, batch.path) == ("bad_price", "orders[1].price")
    for orders in ([], [an_order()] * (wire_requests.BATCH_MAX + 1)):
        too_many = wire_requests.create_batch(orders, PLAIN, now=NOW)
        assert isinstance(too_many, Rejection)
        assert too_many.code == "too_many_rows"


@given(
    price=st.integers(-MICRO, 2 * MICRO),
    qty=st.integers(-MICRO, 10**16),
    side=st.sampled_from(["buy", "sell"]),
    tif=st.sampled_from(["gtc", "ioc", "fok", "day"]),
    expires=st.none() | st.integers(-SECOND, 10**20),
)
def test_what_is_written_reads_back_as_what_was_meant(
    price: int, qty: int, side: str, tif: str, expires: int | None
) -> None:
    order = an_order(price=price, qty=qty, side=side, time_in_force=tif, expires_ts=expires)
    written = wire_requests.create(order, PLAIN, now=NOW)
    assert written == wire_requests.create(order, PLAIN, now=NOW)
    if isinstance(written, bytes):
        read = json.loads(written)
        assert (numbers.dollars(read["price"]), numbers.count(read["count"])) == (price, qty)
        assert read["side"] == {"buy": "bid", "sell": "ask"}[side]
        assert expires is None or NOW < read["expiration_time"] * SECOND <= expires


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The venue's own description of its API, where this machine has it."""
    data = os.environ.get("ASSENT_SHARED_DATA")
    folder = os.environ.get("ASSENT_SHARED_VENUES") or (str(Path(data).parent / "venues") if data else "")
    file = Path(folder) / "kalshi_openapi.json"
    if not folder or not file.is_file():
        pytest.skip("set ASSENT_SHARED_VENUES to the folder that holds kalshi_openapi.json")
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read


def check(description: dict[str, Any], name: str, written: bytes | Rejection) -> None:
    """Against the schema, and closed: a field that the venue does not know is a mistake of ours."""
    assert isinstance(written, bytes), written
    schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
    sent = json.loads(written)
    jsonschema.Draft4Validator(schema).validate(sent)
    assert set(sent) <= set(description["components"]["schemas"][name]["properties"])


def test_every_body_is_as_the_venues_description_wants_it(description: dict[str, Any]) -> None:
    rests = an_order(post_only=True, expires_ts=NOW + 60 * SECOND)
    closes = an_order(time_in_force="ioc", reduce_only=True, side="buy")
    for terms in (PLAIN, FULL):
        for order in (rests, closes):
            check(description, "CreateOrderV2Request", wire_requests.create(order, terms, now=NOW))
            amended = wire_requests.amend(order, price=10_000, total=20 * MICRO, terms=terms)
            check(description, "AmendOrderV2Request", amended)
            check(description, "DecreaseOrderV2Request", wire_requests.decrease(order, by=MICRO, terms=terms))
        both = wire_requests.create_batch([rests, closes], terms, now=NOW)
        check(description, "BatchCreateOrdersV2Request", both)
        check(description, "BatchCancelOrdersV2Request", wire_requests.cancel_batch([(VENUE_ID, rests)], terms))


def test_a_wrong_body_would_be_found(description: dict[str, Any]) -> None:
    written = wire_requests.create(an_order(), PLAIN, now=NOW)
    assert isinstance(written, bytes)
    with pytest.raises(jsonschema.ValidationError):
        check(description, "CreateOrderV2Request", written.replace(b'"ask"', b'"sell"'))
