"""Hostile things made inert: short, printable ASCII, whatever was handed in.

Market names, error messages and a strategy's own objects end up in the ledger, in logs and in terminals. None of them
may carry an escape sequence, a line break or ten thousand characters there, and none may break what shows it.
"""

SHOWN_MAX = 120


def shown(value: object, most: int = SHOWN_MAX) -> str:
    """Text as itself, anything else as its picture; escaped, and cut to `most` characters."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except (Exception, SystemExit):  # boundary: a foreign object's own code answers here, and may raise anything
        text = f"a {type(value).__name__} that cannot be shown"
    # The base type's own method: a subclass may lie about itself.
    escaped = str.encode(text, "unicode_escape").decode("ascii")
    return escaped if len(escaped) <= most else escaped[: most - 3] + "..."
