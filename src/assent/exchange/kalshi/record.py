"""The exchange's own books of its member, as lines: what an independent judge reads.

Everything that was asked and made sense as such, as it came, taken or not; then what came of it: orders, what their
owner made of them, fills, corrections, settlements, transfers, and what is left. Numbers are whole: money, prices and
contracts in millionths, times in nanoseconds. The ids of orders and trades are those of the wire. It must never leave
anything out or add anything up: sums are the judge's work.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from assent.exchange.boxed import BoxedExchange
from assent.exchange.journal import ActEntry, Asked, CancelEntry, ChangeEntry, OrderEntry, TransferEntry
from assent.exchange.kalshi.ids import wire_id

Line = dict[str, Any]
_KINDS: dict[type, str] = {
    OrderEntry: "asked_order",
    CancelEntry: "asked_cancel",
    ChangeEntry: "asked_change",
    TransferEntry: "asked_transfer",
    ActEntry: "act",
}


def lines(boxed: BoxedExchange) -> Iterator[Line]:
    """The whole record at this moment, in the sequence that the page describes."""
    header, history = boxed.header, boxed.history
    yield {
        "kind": "opened",
        "account": boxed.account,
        "seed": header.seed,
        "world": header.world,
        "started_ts": header.start_ts,
        "cash": header.cash,
        "now_ns": boxed.now,
    }
    for entry in boxed.asked():
        yield _asked(entry)
    rows: dict[str, Sequence[msgspec.Struct]] = {
        "order": history.views(),
        "changed": history.changes,
        "fill": history.fills,
        "corrected": history.corrections,
        "settlement": history.settlements,
        "transfer": history.transfers,
    }
    for kind, found in rows.items():
        for row in found:
            yield _line(kind, msgspec.structs.asdict(row))
    for market, qty in boxed.positions().items():
        yield {"kind": "position", "market": market, "qty": qty}
    yield _line("balance", msgspec.structs.asdict(boxed.balance()))


def encode(boxed: BoxedExchange) -> bytes:
    """One JSON object to a line."""
    return msgspec.json.Encoder().encode_lines(lines(boxed))


def _asked(entry: Asked) -> Line:
    told: Line = msgspec.to_builtins(entry)
    inner = told.pop("order", None) or told.pop("change", None) or told.pop("act", None) or {}
    what = {"what": inner.pop("type")} if "type" in inner else {}
    told.pop("type")
    # An amendment's own words stand beside the order that it means.
    inner |= inner.pop("new", {})
    return _line(_KINDS[type(entry)], {**told, **what, **inner})


def _line(kind: str, row: Line) -> Line:
    """The core's names of orders and trades become those of the wire. A cancel may have named anything."""
    for key in ("order_id", "fill_id", "trade_id"):
        name = row.get(key)
        if isinstance(name, str) and name[:1] in ("O", "T") and name[1:].isdigit():
            row[key] = wire_id(name)
    if kind == "changed":
        row["change"] = row.pop("kind")
    return {"kind": kind, **row}
