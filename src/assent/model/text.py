"""Hostile things made inert: short, printable ASCII, whatever was handed in.

Market names, error messages and a strategy's own objects end up in the ledger, in logs and in terminals. None of them
may carry an escape sequence, a line break or ten thousand characters there, and none may break what shows it.
"""

import hashlib

SHOWN_MAX = 120
_DIGEST_KEPT = 32


def shown(value: object, most: int = SHOWN_MAX) -> str:
    """Text as itself, anything else as its picture; escaped, and cut to `most` characters."""
    # Plain short text, which nearly everything is, pictures as itself: nothing in it would be escaped.
    if type(value) is str and len(value) <= most and value.isascii() and value.isprintable() and "\\" not in value:
        return value
    try:
        text = value if isinstance(value, str) else repr(value)
    except BaseException as error:  # boundary: a foreign object's own code answers here, and may raise anything
        if isinstance(error, KeyboardInterrupt):
            raise
        text = f"a {type.__repr__(type(value))} that cannot be shown"
    # The base type's own method: a subclass may lie about itself.
    escaped = str.encode(text, "unicode_escape").decode("ascii")
    return escaped if len(escaped) <= most else escaped[: most - 3] + "..."


def identity(name: str) -> str:
    """A name that somebody else gave, made inert; two that differ stay different, however long they are."""
    if len(name) <= SHOWN_MAX and name.isascii() and name.isprintable():
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{shown(name, SHOWN_MAX - _DIGEST_KEPT - 1)}#{digest[:_DIGEST_KEPT]}"
