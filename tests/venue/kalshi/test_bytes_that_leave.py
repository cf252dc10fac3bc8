"""What was released is what leaves, to the last byte: whatever happens to an order on its way out, at whichever place,
the box never hears of it, and the order that nothing happened to is taken each time."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from tests.venue.byte_changes import Change, of_bytes, of_json
from tests.venue.kalshi.released import (
    BELTED,
    KINDS,
    RESTS,
    Released,
    as_it_leaves,
    asked,
    at,
    raw_of,
    stayed,
    told,
    with_length,
)

from assent.model.inputs import Accepted
from assent.model.orders import DIFFERS, Order
from assent.venue.kalshi import wire_requests
from assent.venue.leaving import read_request
from assent.venue.transport import Request, Stays

# ------------------------------------------------------------------------------------------- in the very bytes


@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_of_a_request_can_change_in_the_socket_s_buffer(kind: str) -> None:
    """The whole of it: request line, every header, body; and the body in every other spelling of the same."""
    terms, changes = KINDS[kind]
    tried, passed = 0, []

    async def script(desk: Released) -> None:
        nonlocal tried
        order = desk.an_order(**changes)
        request = await as_it_leaves(desk, order)
        raw = raw_of(request)
        head = raw[: -len(request.body)]
        assert asked(request, raw) is None, "the unchanged control"
        made = [*of_bytes(raw), *(Change(each.what, head + each.made) for each in of_json(request.body))]
        lengthened = [with_length(request, each) for each in of_json(request.body)]
        for change in (*made, *lengthened):
            if change.made == raw:
                continue
            tried += 1
            stays = asked(request, change.made)
            if stays is None or stays.code != DIFFERS:
                passed.append((change.what, stays))
            if tried % 500 == 0:
                assert asked(request, raw) is None, "the unchanged control, in between"
        assert asked(request, raw) is None, "the unchanged control, at the end"

    at(terms, script)
    told(f"{kind}: {tried} changes of the bytes, all refused")
    assert not passed
    assert tried > 4_000


# ------------------------------------------------------------------------------- on the way, with the box behind it


def orders_from(order: Order) -> Iterator[tuple[str, Order]]:
    """Every order that a change of one byte of this one's canonical bytes makes of it."""
    canonical = msgspec.json.encode(order)
    for change in of_bytes(canonical):
        try:
            made = msgspec.json.decode(change.made, type=Order)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if made != order:
            yield change.what, made


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_that_changed_before_it_was_written_does_not_leave(kind: str) -> None:
    terms, changes = KINDS[kind]
    tried = 0

    async def script(desk: Released) -> None:
        nonlocal tried
        order = desk.an_order(**changes)
        for what, made in orders_from(order):
            tried += 1
            await stayed(desk, desk.venue.send(made), what)
        assert isinstance(await desk.venue.send(order), Accepted), "the unchanged control"
        assert desk.taken() == [order.order_id]

    at(terms, script)
    told(f"{kind}: {tried} other orders, all refused")
    assert tried > 200


class Writer:
    """Stands where the writer stands, and writes something else."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real = real
        self.made: bytes | None = None

    def __call__(self, *args: Any, **given: Any) -> Any:
        return self.real(*args, **given) if self.made is None else self.made


@pytest.mark.parametrize("kind", KINDS)
def test_a_writer_that_writes_anything_else_is_not_believed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terms, changes = KINDS[kind]
    writer = Writer(wire_requests.create)
    monkeypatch.setattr(wire_requests, "create", writer)
    tried = 0

    async def script(desk: Released) -> None:
        nonlocal tried
        order = desk.an_order(**changes)
        body = wire_requests.create(order, desk.venue._orders._terms_of(order), now=desk.clock.now())
        assert isinstance(body, bytes)
        for change in (*of_bytes(body, per_byte=1), *of_json(body)):
            if change.made == body:
                continue
            tried += 1
            writer.made = change.made
            await stayed(desk, desk.venue.send(order), change.what)
        writer.made = None
        assert isinstance(await desk.venue.send(order), Accepted), "the unchanged control"

    at(terms, script)
    told(f"{kind}: {tried} other bodies, all refused")
    assert tried > 500


def other_requests(request: Request) -> Iterator[tuple[str, Request]]:
    """What a request may have become between its signature and the transport."""
    for change in of_bytes(request.target.encode(), per_byte=2):
        yield f"target: {change.what}", request._replace(target=change.made.decode("latin-1"))
    for method in ("GET", "PUT", "DELETE", "post", "PATCH"):
        if method != request.method:
            yield f"method {method}", request._replace(method=method)  # type: ignore[arg-type]
    for name, value in request.headers.items():
        for change in of_bytes(value.encode(), per_byte=2):
            headers = dict(request.headers) | {name: change.made.decode("latin-1")}
            yield f"{name}: {change.what}", request._replace(headers=headers)
        others = {key: said for key, said in request.headers.items() if key != name}
        yield f"{name} left out", request._replace(headers=others)
        yield f"{name} in another case", request._replace(headers=others | {name.swapcase(): value})
        yield f"{name} besides in another case", request._replace(headers=dict(request.headers) | {name.upper(): value})
    yield "a header more", request._replace(headers=dict(request.headers) | {"x-forwarded-for": "127.0.0.1"})
    for change in of_bytes(request.body, per_byte=1):
        yield f"body: {change.what}", request._replace(body=change.made)


def test_a_request_that_changed_after_it_was_signed_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it changed in place, in the very mapping that the signer filled."""
    tried = 0

    async def script(desk: Released) -> None:
        nonlocal tried
        real, made = desk.wire.request, None

        async def request(given: Request, *, timeout_ns: int) -> Any:
            if given.method != "GET" and made is not None:
                given = made._replace(withheld=given.withheld)
            return await real(given, timeout_ns=timeout_ns)

        pattern = await as_it_leaves(desk, desk.an_order(**RESTS))
        monkeypatch.setattr(desk.wire, "request", request)
        order = desk.an_order(**RESTS)
        # The very request of this order, under the signature of the same moment.
        body = pattern.body.replace(b"00000001-aaaa", b"00000002-aaaa")
        for what, each in other_requests(pattern._replace(body=body)):
            tried += 1
            made = each
            await stayed(desk, desk.venue.send(order), what)
        made = None

        async def in_place(given: Request, *, timeout_ns: int) -> Any:
            if given.method != "GET":
                given.headers["KALSHI-ACCESS-TIMESTAMP"] = "1"  # type: ignore[index]
            return await real(given, timeout_ns=timeout_ns)

        monkeypatch.setattr(desk.wire, "request", in_place)
        await stayed(desk, desk.venue.send(order), "a header, in place")
        monkeypatch.setattr(desk.wire, "request", request)
        assert isinstance(await desk.venue.send(order), Accepted), "the unchanged control"

    at(BELTED, script)
    told(f"{tried} other requests, all refused")
    assert tried > 1_000


# ------------------------------------------------------------------------------------------------------ the last words


def test_an_order_of_a_run_without_its_belts_does_not_leave() -> None:
    """The group, the pause, the shard and the subaccount stand in no order: they are those of the run."""

    async def script(desk: Released) -> None:
        orders = desk.venue._orders
        real = orders._terms_of
        for changes in (
            {"order_group": ""}, {"order_group": "another-group"}, {"cancel_on_pause": False}, {"subaccount": 1},
            {"subaccount": None}, {"exchange_index": 1}, {"exchange_index": None}, {"self_trade_prevention": "maker"},
        ):  # fmt: skip
            order = desk.an_order()
            body = wire_requests.create(
                order,
                msgspec.structs.replace(real(order), **changes),
                now=desk.clock.now(),  # type: ignore[arg-type]
            )
            request = await as_it_leaves(desk, order)
            stays = asked(request, raw_of(request._replace(body=body)))  # type: ignore[arg-type]
            assert stays is not None
            assert stays.code == DIFFERS
            assert next(iter(changes)).removesuffix("_on_pause").split("_")[0] in stays.detail

    at(BELTED, script)


def test_a_refusal_names_each_term_with_both_values() -> None:
    async def script(desk: Released) -> None:
        order = desk.an_order(**RESTS)
        request = await as_it_leaves(desk, order)
        body = request.body.replace(b'"0.3900"', b'"0.4900"').replace(b'"10.00"', b'"90.00"')
        assert asked(request, raw_of(request._replace(body=body))) == Stays(
            DIFFERS,
            "price is 490000 in the bytes, and 390000 was released; "
            "qty is 90000000 in the bytes, and 10000000 was released",
        )
        assert asked(request, raw_of(request)) is None

    at(BELTED, script)


def test_a_group_that_closed_while_its_order_was_on_its_way_keeps_it_here() -> None:
    async def script(desk: Released) -> None:
        order = desk.an_order()
        request = await as_it_leaves(desk, order)
        groups = desk.venue._groups
        (shard, group), *_ = groups._ours.items()
        groups._ours[shard] = msgspec.structs.replace(group, triggered=True)
        assert asked(request, raw_of(request)) == Stays("order_group_triggered")
        groups._ours[shard] = msgspec.structs.replace(group, group_id="another")
        assert asked(request, raw_of(request)) == Stays("order_group_missing")

    at(BELTED, script)


def test_a_request_on_its_way_to_another_address_does_not_leave() -> None:
    async def script(desk: Released) -> None:
        request = await as_it_leaves(desk, desk.an_order())
        raw = raw_of(request)
        assert request.withheld is not None
        for origin in ("https://external-api.kalshi.com:443", "https://venue.test:443", "http://venue.test:81"):
            leaving = read_request(raw, origin)
            assert leaving is not None
            stays = request.withheld(leaving)
            assert stays is not None
            assert (stays.code, origin in stays.detail) == (DIFFERS, True)

    at(BELTED, script)
