"""The core's numbered names as the UUIDs that the venue hands out, and back.

Derived, never drawn, and readable backwards, so no table of them has to be kept or can be lost.
"""

import re

_WIRE = re.compile(r"0000000([12])-0000-5000-8000-([0-9a-f]{12})")
_KINDS = {"O": 1, "T": 2}


def wire_id(name: str) -> str:
    """`O123` as a UUID."""
    return f"{_KINDS[name[0]]:08d}-0000-5000-8000-{int(name[1:]):012x}"


def order_name(text: str) -> str | None:
    """The core's name of an order, or None if this was never an order's id."""
    found = _WIRE.fullmatch(text)
    return f"O{int(found[2], 16)}" if found and found[1] == "1" else None


def trade_name(text: str) -> str | None:
    """The core's name of a trade, or None if this was never a trade's id."""
    found = _WIRE.fullmatch(text)
    return f"T{int(found[2], 16)}" if found and found[1] == "2" else None


def order_number(name: str) -> int:
    """Later orders have higher numbers."""
    return int(name[1:])
