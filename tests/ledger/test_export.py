"""An export from which a stranger, with nothing but SHA-256, works out every hash again."""

import base64
import hashlib
import json
from typing import Any

import pytest

from assent.ledger.chain import Entry
from assent.ledger.contract import a_seal
from assent.ledger.export import export_lines
from assent.ledger.memory import MemoryStore

BODIES = {
    b'{"type":"QuoteSeen","bid":510000,"note":"\xc3\xbc \\" \\n \xe2\x80\xa8"}': "body",
    b"[1,null,true,-7]": "body",
    b'"text"': "body",
    b"": "body_text",
    b'{"spaced": 1}': "body_text",
    b'{"twice":1,"twice":2}': "body_text",
    b'{"number":1.50}': "body_text",
    b'{"escaped":"\\u00fc"}': "body_text",
    b'{"half":"\\ud800"}': "body_text",
    b"NaN": "body_text",
    b"[" * 50_000: "body_text",
    b"not json\nat all": "body_text",
    b"\xff\x00": "body_base64",
}


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    store.append([a_seal()])
    store.append([Entry(n + 5, "Kind", n + 1, body) for n, body in enumerate(BODIES)])
    return store


def stored_bytes(line: dict[str, Any]) -> bytes:
    if "body_base64" in line:
        return base64.b64decode(line["body_base64"])
    if "body_text" in line:
        return str(line["body_text"]).encode()
    return json.dumps(line["body"], separators=(",", ":"), ensure_ascii=False).encode()


def test_a_stranger_can_verify_an_export(store: MemoryStore) -> None:
    prev = bytes(32)
    for seq, text in enumerate(export_lines(store.records()), start=1):
        line = json.loads(text)
        kind, body = line["kind"].encode(), stored_bytes(line)
        assert (line["seq"], line["prev_hash"]) == (seq, prev.hex())
        preimage = (
            b"assent\x00\x01" + prev + seq.to_bytes(8, "big") + line["ts"].to_bytes(8, "big")
            + line["version"].to_bytes(4, "big") + len(kind).to_bytes(4, "big") + len(body).to_bytes(4, "big")
            + kind + body
        )  # fmt: skip
        prev = hashlib.sha256(preimage).digest()
        assert line["hash"] == prev.hex()
    assert prev == store.head().hash


def test_a_body_is_shown_as_readably_as_its_bytes_allow(store: MemoryStore) -> None:
    lines = [json.loads(text) for text in export_lines(store.records(2))]
    shown = [[key for key in line if key.startswith("body")] for line in lines]
    assert shown == [[form] for form in BODIES.values()]
    assert [stored_bytes(line) for line in lines] == list(BODIES)


def test_one_record_is_one_line_with_its_fields_in_order(store: MemoryStore) -> None:
    lines = list(export_lines(store.records()))
    assert all(text.endswith("\n") and text.count("\n") == 1 for text in lines)
    assert list(json.loads(lines[0])) == ["seq", "prev_hash", "ts", "kind", "version", "body_text", "hash"]
    assert list(export_lines(store.records())) == lines
