"""The ledger, record by record: pages of it, one stream of it, one record whole, and how far its chain holds. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from assent.console.guard.refusals import Refused
from assent.console.reading.records import RecordPage, WholeRecord
from assent.console.reading.snapshot import Snapshot

PATH: Final = "/console/ledger"
# What records can be picked by, and how a person says it.
STREAMS: Final = {
    "intent": "Intent", "order": "Order", "instrument": "Market", "strategy": "Strategy", "day": "Day (UTC)",
}  # fmt: skip
VALUE_MAX: Final = 200
SEQ_MAX: Final = 2**53


class Wish(NamedTuple):
    """Which records are asked for."""

    stream: str
    value: str
    before: int | None
    after: int | None


def wish_of(said: Mapping[str, str]) -> Wish:
    """From the query; a stream that there is not is refused, since what it finds would look like all there is."""
    stream, value = said.get("stream", ""), said.get("value", "").strip()[:VALUE_MAX]
    if stream and stream not in STREAMS:
        raise Refused("request_invalid", f"records can be picked by {', '.join(STREAMS)}")
    if not stream or not value:
        stream = value = ""
    return Wish(stream, value, _number(said.get("before", "")), _number(said.get("after", "")))


def seq_of(said: str) -> int:
    """The number of a record; what is none names no record."""
    return _number(said) or 0


def ledger_context(page: RecordPage, wish: Wish, snapshot: Snapshot) -> dict[str, Any]:
    kept = {"stream": wish.stream, "value": wish.value} if wish.stream else {}
    first, last = (page.rows[0].seq, page.rows[-1].seq) if page.rows else (0, 0)
    return {
        "records": tuple(reversed(page.rows)),
        "newer": f"{PATH}?{urlencode({**kept, 'after': page.newer})}" if page.newer else "",
        "older": f"{PATH}?{urlencode({**kept, 'before': page.older})}" if page.older else "",
        "words": f"records {first:,} to {last:,} of {page.last_seq:,}"
        if page.rows
        else f"of {page.last_seq:,} records",
        "wish": wish,
        "streams": STREAMS,
        "chain": snapshot.chain,
    }


def record_context(record: WholeRecord) -> dict[str, Any]:
    """The body as it is stored: JSON is only set out in lines, and nothing of it is left out or rounded."""
    body = record.body_text if record.body_text is not None else record.body_base64
    if body is None:
        body = json.dumps(record.body, indent=2, ensure_ascii=True)
    seq = record.row.seq
    return {
        "record": record,
        "body": body,
        "form": "text" if record.body_text is not None else "Base64" if record.body_base64 is not None else "JSON",
        "previous": f"{PATH}/{seq - 1}" if seq > 1 else "",
        "following": f"{PATH}/{seq + 1}" if seq < record.last_seq else "",
    }


def _number(said: str) -> int | None:
    return min(int(said), SEQ_MAX) if said.isascii() and said.isdigit() and len(said) <= 18 else None
