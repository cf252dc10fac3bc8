"""Answers that the venue really gave, from January (the first API) and August 2026, read by the readers of today.

They are not ours to keep here: the folder that holds `kalshi_rest` is named by ASSENT_SHARED_DATA. Run with -s to see
the counts.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assent.model.reasons import REASONS
from assent.model.units import MICRO
from assent.venue.kalshi import wire, wire_account, wire_markets, wire_orders
from assent.venue.kalshi.wire import Page, Rejection
from assent.venue.kalshi.wire_markets import Book, EventAnswer

# The answers that have a reader, and what becomes of each: all of it is read, or refused for this reason.
READERS: dict[str, tuple[Callable[[bytes], Any], str]] = {
    "batch_cancel_orders_response.json": (wire_orders.cancelled_batch, "legacy_shape"),
    "cancel_order_response.json": (wire_orders.cancelled, "legacy_shape"),
    "create_order_response.json": (wire_orders.placed, "legacy_shape"),
    "event_single_response.json": (wire_markets.event, "legacy_shape"),
    "events_multivariate_list_response.json": (wire_markets.event_page, ""),
    "market_single_response.json": (wire_markets.market, "legacy_shape"),
    "orderbook_response.json": (wire_markets.orderbook, ""),
    "portfolio_fills_response.json": (wire_orders.fill_page, "legacy_shape"),
    "portfolio_orders_response.json": (wire_orders.order_page, "legacy_shape"),
    "portfolio_settlements_response.json": (wire_account.settlement_page, "legacy_shape"),
    "series_list_response.json": (wire_markets.series_page, ""),
    "user_data_timestamp_response.json": (wire_account.read_model_ts, ""),
}
BOOKS = "orderbooks_20260822T180003Z.jsonl"


@pytest.fixture(scope="module")
def folder() -> Path:
    named = os.environ.get("ASSENT_SHARED_DATA")
    found = Path(named or ".") / "kalshi_rest"
    if not named or not found.is_dir():
        pytest.skip("set ASSENT_SHARED_DATA to the folder that holds kalshi_rest")
    return found


def sent(file: Path) -> bytes:
    """The answer alone, without the recorder's own notes about it."""
    return msgspec.json.encode(json.loads(file.read_text(encoding="utf-8"))["response"])


def tally(read: object) -> tuple[int, list[Rejection]]:
    """How many rows were read, and what was rejected."""
    if isinstance(read, Rejection):
        return 0, [read]
    if isinstance(read, EventAnswer):
        count, rejected = tally(read.markets)
        return count + 1, rejected
    if isinstance(read, Page):
        return len(read.rows), list(read.rejected)
    if isinstance(read, tuple):
        rejected = [item for item in read if isinstance(item, Rejection)]
        return len(read) - len(rejected), rejected
    return 1, []


@pytest.mark.parametrize("name", READERS)
def test_a_recorded_answer_is_read_or_refused_for_the_reason_that_we_expect(folder: Path, name: str) -> None:
    reader, reason = READERS[name]
    count, rejected = tally(reader(sent(folder / name)))
    sys.stdout.write(f"\n{name}: {count} read, {dict(Counter(rejection.code for rejection in rejected))} rejected")
    assert {rejection.code for rejection in rejected} == ({reason} if reason else set())
    assert count + len(rejected) > 0


def test_the_first_apis_rows_are_all_refused_and_none_is_half_read(folder: Path) -> None:
    for name in (
        "portfolio_orders_response.json",
        "portfolio_fills_response.json",
        "portfolio_settlements_response.json",
    ):
        read = READERS[name][0](sent(folder / name))
        assert isinstance(read, Page)
        assert read.rows == ()
        assert read.rejected


def test_every_recorded_file_is_sound_json_without_a_key_twice(folder: Path) -> None:
    files = sorted(folder.glob("*.json"))
    decoded = [wire.decode(file.read_bytes()) for file in files]
    sys.stdout.write(f"\n{len(files)} files decoded, {len(READERS)} of them have a reader, {BOOKS} beside them")
    assert len(files) > len(READERS)
    assert not [value for value in decoded if isinstance(value, Rejection)]


def test_no_reader_raises_on_any_recorded_answer_even_one_of_another_kind(folder: Path) -> None:
    for file in sorted(folder.glob("*.json")):
        body = sent(file)
        for reader, _ in READERS.values():
            count, rejected = tally(reader(body))
            assert count >= 0
            assert all(REASONS[rejection.code].family == "venue" for rejection in rejected)


def test_the_order_books_of_august_are_read_whole_and_are_not_crossed(folder: Path) -> None:
    lines = (folder / BOOKS).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    for line in lines:
        recorded = json.loads(line)
        book = wire_markets.orderbook(msgspec.json.encode(recorded["payload"]))
        assert isinstance(book, Book)
        raw = recorded["payload"]["orderbook_fp"]
        assert (len(book.bids), len(book.asks)) == (len(raw["yes_dollars"]), len(raw["no_dollars"]))
        sys.stdout.write(f"\n{recorded['ticker']}: {len(book.bids)} bids, {len(book.asks)} asks")
        if book.bids and book.asks:
            assert 0 < book.bids[0].price < book.asks[0].price < MICRO
