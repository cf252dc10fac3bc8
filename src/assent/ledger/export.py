"""The ledger as lines of JSON, from which a stranger can work out every hash again.

One record a line, the fields in the order of `Record`, hashes in hexadecimal. The body is written as JSON where
writing it compactly gives the stored bytes again, else as text (`body_text`), else as Base64 (`body_base64`): exactly
one of the three is there, and each leads back to the very bytes that were hashed. The same records give the same
lines, always.

To verify: `body` in compact form without escapes (in Python `json.dumps(body, separators=(",", ":"),
ensure_ascii=False).encode()`), the other fields as they are, in the layout of `chain.py`.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from assent.ledger.chain import Record


def export_lines(records: Iterable[Record]) -> Iterator[str]:
    """One line a record, each with its end."""
    for seq, prev_hash, ts, kind, version, body, digest in records:
        line = {
            "seq": seq,
            "prev_hash": prev_hash.hex(),
            "ts": ts,
            "kind": kind,
            "version": version,
            **shown_body(body),
            "hash": digest.hex(),
        }
        yield compact(line) + "\n"


def shown_body(body: bytes) -> dict[str, Any]:
    """The body in the most readable of the three forms that lose nothing."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}
    try:
        value = json.loads(text)
        again = compact(value)
    except (ValueError, RecursionError):
        return {"body_text": text}
    return {"body": value} if again == text else {"body_text": text}


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
