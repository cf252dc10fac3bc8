"""Cancels and order groups leave as they were meant, and what has no reader does not leave at all."""

import re
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.venue.byte_changes import Change, of_bytes, of_json
from tests.venue.fakes import let_go
from tests.venue.kalshi.boxed import ROOT, an_order, life
from tests.venue.kalshi.released import BELTED, ORDERS, RESTS, Released, asked, at, raw_of, stayed, told, with_length

from assent.model.errors import InvariantBroken
from assent.model.inputs import Accepted, HaltAsked, NotSent
from assent.model.orders import DIFFERS
from assent.model.reasons import REASONS
from assent.model.units import MICRO
from assent.venue.kalshi import readback, wire_groups, wire_requests
from assent.venue.kalshi.rest import Rest
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.leaving import IN_MEMORY, NO_READER
from assent.venue.transport import Leaving, Request

# ------------------------------------------------------------------------------------------ cancels and order groups


def test_a_cancel_takes_off_the_order_that_was_meant_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0

    async def script(desk: Released) -> None:
        nonlocal tried
        mine, other = desk.an_order(**RESTS), desk.an_order(**RESTS)
        placed = [await desk.venue.send(order) for order in (mine, other)]
        assert all(isinstance(each, Accepted) for each in placed)
        order_id, other_id = (each.venue_order_id for each in placed if isinstance(each, Accepted))
        real = wire_requests.cancel_path
        path = real(order_id, mine, desk.venue._orders._terms_of(mine))
        assert isinstance(path, str)
        wrong = [Change("another of ours", path.replace(order_id, other_id).encode()), *of_bytes(path.encode())]
        for change in wrong:
            tried += 1
            monkeypatch.setattr(wire_requests, "cancel_path", lambda *_, to=change.made: to.decode("latin-1"))
            # What is no path at all the signer refuses before anybody is asked.
            with suppress(InvariantBroken):
                await stayed(desk, desk.venue.cancel(mine, order_id), change.what)
        monkeypatch.setattr(wire_requests, "cancel_path", real)
        assert desk.wire.count("DELETE") == 0
        assert desk.resting() == [(mine.order_id, 10 * MICRO), (other.order_id, 10 * MICRO)]
        assert isinstance(await desk.venue.cancel(mine, order_id), Accepted), "the unchanged control"
        assert desk.resting() == [(other.order_id, 10 * MICRO)]

    at(BELTED, script)
    told(f"{tried} other cancels, all refused")
    assert tried > 500


def the_reader(desk: Released, path: str) -> list[Request]:
    return [each for each in desk.wire.requests if each.method != "GET" and path in each.target]


def test_a_group_is_made_and_reset_as_it_was_meant_and_not_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """What every order hangs on: its limit, its shard, its subaccount, and which group is opened again."""
    tried = 0

    async def script(desk: Released) -> None:
        nonlocal tried
        (making,) = the_reader(desk, "/order_groups/create")
        groups = desk.venue._groups
        (shard, group), *_ = groups._ours.items()
        groups._ours[shard] = msgspec.structs.replace(group, triggered=True)
        await groups.reset()
        (resetting,) = the_reader(desk, "/reset")
        for request in (making, resetting):
            raw = raw_of(request)
            assert asked(request, raw) is None, "the unchanged control"
            for change in (*of_bytes(raw), *(with_length(request, each) for each in of_json(request.body))):
                if change.made == raw:
                    continue
                tried += 1
                stays = asked(request, change.made)
                assert stays is not None, change.what
                assert stays.code == DIFFERS

    at(BELTED, script)
    told(f"{tried} other requests about groups, all refused")
    assert tried > 4_000


def test_a_group_that_would_be_made_otherwise_is_not_made_and_halts(monkeypatch: pytest.MonkeyPatch) -> None:
    real = wire_groups.create
    monkeypatch.setattr(wire_groups, "create", lambda limit, **rest: real(10 * limit, **rest))
    desk = Released(BELTED)

    async def script() -> None:
        await desk.connect()
        order = desk.an_order()
        assert await desk.venue.send(order) == NotSent("order_group_missing")

    life(script)
    assert desk.writes() == 0
    assert desk.histories["ann"].groups == {}
    (halt,) = desk.of(HaltAsked)
    assert halt.cause == "invariant_broken"
    assert "5000000000" in halt.detail


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{ORDERS}/abc/amend", b'{"price":"0.5000"}'),
        ("POST", f"{ORDERS}/abc/decrease", b'{"reduce_by":"1.00"}'),
        ("POST", f"{ORDERS}/batched", b'{"orders":[]}'),
        ("DELETE", f"{ORDERS}/batched", b'{"orders":[]}'),
        ("POST", "/portfolio/orders", b"{}"),
        ("PUT", "/portfolio/order_groups/abc/limit", b"{}"),
        ("DELETE", "/portfolio/order_groups/abc", b""),
        ("POST", "/api_keys", b"{}"),
    ],
)
def test_what_the_desk_never_asks_for_has_no_reader_and_so_no_way_out(method: Any, path: str, body: bytes) -> None:
    """No watcher can be had for it, one of another act refuses it, and without any nothing leaves."""
    assert not [act for act, route in readback.ROUTES.items() if route == (method, path)]

    async def script(desk: Released) -> None:
        rest: Rest = desk.venue._rest
        assert (await rest.write(method, path, body, lane="query")) == ("no_reader", "")
        order = desk.an_order()
        watchers = {
            "order": desk.venue._orders._only_as_released(order, desk.venue._orders._terms_of(order)),
            "cancel": desk.venue._orders._only_as_asked(order, "abc", desk.venue._orders._terms_of(order)),
        }
        for act, watcher in watchers.items():
            refused = await rest.write(method, path, body, lane="query", withheld=watcher)
            assert refused[0] == DIFFERS, act  # type: ignore[comparison-overlap]
        writes = desk.writes()
        await rest.write(method, path, body, lane="query", withheld=let_go)
        assert desk.writes() == writes + 1, "it is the reader that keeps it here"

    at(BELTED, script)
    assert REASONS[NO_READER].sentence


def test_every_write_of_the_adapter_has_its_row_in_the_table_of_routes() -> None:
    found: set[str] = set()

    async def script(desk: Released) -> None:
        order = desk.an_order(**RESTS)
        placed = await desk.venue.send(order)
        assert isinstance(placed, Accepted)
        await desk.venue.cancel(order, placed.venue_order_id)
        groups = desk.venue._groups
        (shard, group), *_ = groups._ours.items()
        groups._ours[shard] = msgspec.structs.replace(group, triggered=True)
        await desk.venue.reset_belts()
        for request in desk.wire.requests:
            if request.method != "GET":
                path = request.target.partition("?")[0]
                (act,) = [
                    act for act, route in readback.ROUTES.items()
                    if route.method == request.method and fnmatch(path, route.path.replace("{}", "*"))
                ]  # fmt: skip
                found.add(act)
                assert path.startswith(ROOT)

    at(BELTED, script)
    assert found == set(readback.ROUTES)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'"x"', b"\xff", b"{}", b'{"a":{}}', b"[" * 2_000, b'{"ticker":null}']
)
def test_what_is_no_order_at_all_is_refused_and_breaks_nothing(body: bytes) -> None:
    leaving = Leaving(IN_MEMORY, "POST", ROOT + ORDERS, (), body)
    assert isinstance(readback.order(leaving, an_order(), Terms()), str)
    assert readback.make_group(leaving, limit=MICRO, shard=0, subaccount=None)


def test_the_page_for_owners_names_every_route_that_may_leave() -> None:
    page = (Path(__file__).parents[3] / "docs" / "live.md").read_text(encoding="utf-8")
    told_there = re.findall(r"`((?:POST|PUT|DELETE) [^`]*)`", page)
    assert sorted(told_there) == sorted(f"{route.method} {route.path}" for route in readback.ROUTES.values())
