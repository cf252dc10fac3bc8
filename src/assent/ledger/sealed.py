"""Does the digest that a record states belong to the constitution that stands beside it?

Worked out over the stored bytes, not over what this version reads in them: a constitution that was written when there
were fewer limits still has the digest that it was sealed with.
"""

from hashlib import sha256
from typing import Final

import msgspec

from assent.ledger.chain import SEAL_KIND, Record

# The kinds of record that bring a constitution into force, and the field that states its digest.
STATED_IN: Final = {SEAL_KIND: "constitution_digest", "ConstitutionChanged": "digest"}


class _Stated(msgspec.Struct):
    constitution: msgspec.Raw
    constitution_digest: str = ""
    digest: str = ""


def digest_fault(record: Record) -> str:
    """What is wrong with the digest in this record; empty when all is well, and for every other kind."""
    field = STATED_IN.get(record.kind)
    if field is None:
        return ""
    try:
        stated = msgspec.json.decode(record.body, type=_Stated)
    except msgspec.MsgspecError as error:
        return f"it brings no constitution that can be read: {error}"
    found = sha256(bytes(stated.constitution)).hexdigest()
    if found != getattr(stated, field):
        return f"its constitution has the digest {found}, not {getattr(stated, field)} as it says"
    return ""
