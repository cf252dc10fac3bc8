"""What becomes of an order or a cancel, by what goes wrong with it: the one table, read by its test and by its page.

Each outcome is what the ledger holds of the order behind its release (of a cancel: from its request on), in its
sequence. The first is with the stream, which tells of fills and ends at once; the second without it, by the venue's
lists alone. Pure data.
"""

from typing import Final, NamedTuple


class Outcome(NamedTuple):
    """What is recorded while the stream tells of our orders, and while it is silent."""

    heard: tuple[str, ...]
    silent: tuple[str, ...]


class Row(NamedTuple):
    """What goes wrong, and by what was asked what comes of it. `complaints`: what the judge finds in the two books of
    such a case, since the venue or somebody before it did what it may not do."""

    faults: tuple[str, ...]
    outcomes: dict[str, Outcome]
    complaints: tuple[str, ...] = ()


def told(heard: str, silent: str = "") -> Outcome:
    return Outcome(tuple(heard.split(", ")), tuple((silent or heard).split(", ")))


# What is asked of the venue.
FILLS: Final = "an order that fills"
PART: Final = "an order that fills in part"
RESTS: Final = "an order that rests"
CANCEL: Final = "a cancel"
CANCEL_PART: Final = "a cancel of what fills in part"
CANCEL_LATE: Final = "a cancel of what fills"

_OTHERS: Final = "halt foreign_fill, refused, accepted, quarantined, halt late_fill, cancel asked, closed"
_OTHERS_UNHEARD: Final = _OTHERS.replace("cancel asked, closed", "cancel asked, cancel unknown, cancel asked, closed")
ROWS: Final[tuple[Row, ...]] = (
    Row(
        (
            "nothing goes wrong",
            "8 s on its way",
            "doubled, the first answer heard",
            "doubled, the second answer heard",
            "overtaken by the next request",
        ),
        {
            FILLS: told("filled, accepted", "accepted, filled"),
            PART: told("filled, closed, accepted", "accepted, filled"),
            RESTS: told("accepted"),
            CANCEL: told("cancel asked, closed"),
            CANCEL_PART: told("cancel asked, filled, closed", "cancel asked, closed, filled"),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, closed, filled"),
        },
        ("came in 2 times",),
    ),
    Row(
        ("no connection at all",),
        {
            FILLS: told("not sent"),
            PART: told("not sent"),
            RESTS: told("not sent"),
            CANCEL: told("cancel asked, cancel not sent, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, cancel not sent, filled, cancel asked, closed",
                "cancel asked, cancel not sent, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told(
                "cancel asked, cancel not sent, filled", "cancel asked, cancel not sent, cancel asked, closed, filled"
            ),
        },
    ),
    Row(
        (
            "reset before it arrives",
            "lost before it arrives",
            "20 s on its way: its signature is too old",
            "500 instead",
            "502 instead",
            "503 instead",
            "a page in HTML instead",
        ),
        {
            FILLS: told("unknown, absent"),
            PART: told("unknown, absent"),
            RESTS: told("unknown, absent"),
            CANCEL: told("cancel asked, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel unknown, cancel asked, closed",
                "cancel asked, cancel unknown, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel unknown, cancel asked, closed, filled"),
        },
    ),
    Row(
        ("not found instead",),
        {
            FILLS: told("unknown, absent"),
            PART: told("unknown, absent"),
            RESTS: told("unknown, absent"),
            CANCEL: told("cancel asked, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel unknown, cancel asked, closed",
                "cancel asked, cancel unknown, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, closed, filled"),
        },
    ),
    Row(
        ("a pause instead",),
        {
            FILLS: told("refused"),
            PART: told("refused"),
            RESTS: told("refused"),
            CANCEL: told("cancel asked, cancel refused, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel refused, cancel asked, closed",
                "cancel asked, cancel refused, filled, cancel asked, closed",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel refused, closed, filled"),
        },
    ),
    Row(
        ("reset after it is carried out",),
        {
            FILLS: told("unknown, filled", "unknown, found, filled"),
            PART: told("unknown, filled, closed", "unknown, found, filled"),
            RESTS: told("unknown, found"),
            CANCEL: told("cancel asked, cancel unknown, closed", "cancel asked, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel unknown, closed",
                "cancel asked, cancel unknown, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel unknown, cancel asked, closed, filled"),
        },
    ),
    Row(
        (
            "lost after it is carried out",
            "answered after 12 s",
            "500 after it is carried out",
            "502 after it is carried out",
            "503 after it is carried out",
        ),
        {
            FILLS: told("filled", "unknown, found, filled"),
            PART: told("filled, closed", "unknown, found, filled"),
            RESTS: told("unknown, found"),
            CANCEL: told("cancel asked, closed", "cancel asked, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, closed", "cancel asked, cancel unknown, cancel asked, closed, filled"
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel unknown, cancel asked, closed, filled"),
        },
    ),
    Row(
        (
            "held by the venue for 12 s",
            "held by the venue for 60 s",
        ),
        {
            FILLS: told("unknown, filled", "unknown, found, filled"),
            PART: told("unknown, filled, closed", "unknown, found, filled"),
            RESTS: told("unknown, found"),
            CANCEL: told("cancel asked, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel unknown, cancel asked, closed",
                "cancel asked, cancel unknown, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel unknown, cancel asked, closed, filled"),
        },
    ),
    Row(
        ("held by the venue for 150 s",),
        {
            FILLS: told("unknown, absent, filled, quarantined, halt late_fill"),
            PART: told(
                "unknown, absent, filled, quarantined, halt late_fill, cancel asked, closed",
                "unknown, absent, filled, quarantined, halt late_fill, cancel asked, halt discrepancy, closed",
            ),
            RESTS: told("unknown, absent, accepted, quarantined, halt late_fill, cancel asked, closed"),
            CANCEL: told("cancel asked, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel unknown, cancel asked, closed",
                "cancel asked, cancel unknown, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel unknown, cancel asked, closed, filled"),
        },
        ("came in [0-9]+ ns after its release", "was not sent by the ledger, and came in"),
    ),
    Row(
        ("429 instead",),
        {
            FILLS: told("not sent"),
            PART: told("not sent"),
            RESTS: told("not sent"),
            CANCEL: told("cancel asked, cancel not sent, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, cancel not sent, cancel asked, closed",
                "cancel asked, cancel not sent, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel not sent, cancel asked, closed, filled"),
        },
    ),
    Row(
        ("429 after it is carried out",),
        {
            FILLS: told("filled", "not sent, filled, quarantined, halt late_fill"),
            PART: told(
                "filled, closed",
                "not sent, filled, quarantined, halt late_fill, cancel asked, halt discrepancy, closed",
            ),
            RESTS: told("unknown, found", "not sent, accepted, quarantined, halt late_fill, cancel asked, closed"),
            CANCEL: told("cancel asked, closed", "cancel asked, cancel not sent, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, closed", "cancel asked, cancel not sent, cancel asked, closed, filled"
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel not sent, cancel asked, closed, filled"),
        },
        ("was not sent by the ledger, and came in",),
    ),
    Row(
        (
            "a page in HTML after it is carried out",
            "an empty answer after it is carried out",
            "garbage after it is carried out",
            "half of its answer",
            "another order's answer",
        ),
        {
            FILLS: told("filled, halt venue_contract", "halt venue_contract, unknown, found, filled"),
            PART: told("filled, closed, halt venue_contract", "halt venue_contract, unknown, found, filled"),
            RESTS: told("halt venue_contract, unknown, found, cancel asked, closed"),
            CANCEL: told("cancel asked, closed, halt venue_contract", "cancel asked, halt venue_contract, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, closed, halt venue_contract", "cancel asked, halt venue_contract, closed, filled"
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, cancel unknown, cancel asked, closed, filled"),
        },
    ),
    Row(
        (
            "an empty answer instead",
            "garbage instead",
        ),
        {
            FILLS: told("unknown, absent"),
            PART: told("unknown, absent"),
            RESTS: told("unknown, absent"),
            CANCEL: told("cancel asked, halt venue_contract, cancel unknown, cancel asked, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, halt venue_contract, cancel unknown, cancel asked, closed",
                "cancel asked, halt venue_contract, cancel unknown, cancel asked, closed, filled",
            ),
            CANCEL_LATE: told(
                "cancel asked, filled, halt venue_contract", "cancel asked, halt venue_contract, closed, filled"
            ),
        },
    ),
    Row(
        ("other amounts in its answer",),
        {
            FILLS: told("filled, halt venue_contract", "halt venue_contract, unknown, found, filled"),
            PART: told("filled, closed, halt venue_contract", "halt venue_contract, unknown, found, filled"),
            RESTS: told("halt venue_contract, unknown, found, cancel asked, closed"),
            CANCEL: told("cancel asked, closed, halt venue_contract", "cancel asked, halt venue_contract, closed"),
            CANCEL_PART: told(
                "cancel asked, filled, closed, halt venue_contract",
                "cancel asked, closed, filled, quarantined, halt late_fill",
            ),
            CANCEL_LATE: told("cancel asked, filled", "cancel asked, closed, filled"),
        },
    ),
    Row(
        ("our id is taken by somebody else's order",),
        {
            FILLS: told(_OTHERS, _OTHERS_UNHEARD),
            PART: told(_OTHERS, _OTHERS_UNHEARD),
            RESTS: told(_OTHERS, _OTHERS_UNHEARD),
        },
    ),
)

# What an order that is not known and a cancel that is not known rest on, in the words of `assent why`.
_SILENCE: Final = "no whole answer came in time"
_BROKE: Final = "the connection broke before the whole answer came"
_TAKEN: Final = "taken, in words that cannot be read"
CAUSES: Final[dict[str, tuple[str, str]]] = {
    "no connection at all": ("", "not_connected"),
    "reset before it arrives": (_BROKE, _BROKE),
    "reset after it is carried out": (_BROKE, _BROKE),
    "lost before it arrives": (_SILENCE, _SILENCE),
    "lost after it is carried out": (_SILENCE, _SILENCE),
    "20 s on its way: its signature is too old": (_SILENCE, _SILENCE),
    "held by the venue for 12 s": (_SILENCE, _SILENCE),
    "held by the venue for 60 s": (_SILENCE, _SILENCE),
    "held by the venue for 150 s": (_SILENCE, _SILENCE),
    "answered after 12 s": (_SILENCE, _SILENCE),
    "429 instead": ("", "too_many_requests"),
    "429 after it is carried out": ("refused, though the venue has told of", "too_many_requests"),
    "500 instead": ("500 internal_server_error", "500 internal_server_error"),
    "500 after it is carried out": ("500 internal_server_error", "500 internal_server_error"),
    "502 instead": ("502 error", "502 error"),
    "502 after it is carried out": ("502 error", "502 error"),
    "503 instead": ("503 service_unavailable", "503 service_unavailable"),
    "503 after it is carried out": ("503 service_unavailable", "503 service_unavailable"),
    "not found instead": ("404 not_found", "the venue no longer knows an order to cancel"),
    "a pause instead": ("trading_is_paused", "trading_is_paused"),
    "our id is taken by somebody else's order": ("order_already_exists", "the venue no longer knows an order"),
    "a page in HTML instead": ("502 unreadable <html>", "502 unreadable <html>"),
    "a page in HTML after it is carried out": (_TAKEN, "404 unreadable <html>"),
    "an empty answer instead": ("200 unreadable nothing", "the venue no longer knows an order to cancel"),
    "an empty answer after it is carried out": (_TAKEN, "404 unreadable nothing"),
    "garbage instead": ("200 unreadable .", "the venue no longer knows an order to cancel"),
    "garbage after it is carried out": (_TAKEN, "404 unreadable ."),
    "half of its answer": (_TAKEN, "404 unreadable {"),
    "another order's answer": ("the answer is not about this order: it names the order 99999999", "404 unreadable {"),
    "other amounts in its answer": ("", ""),
}
# What every word of the table is in those of `assent why`; `{}` is the cause above.
EVIDENCE: Final[dict[str, str]] = {
    "accepted": "accepted: ",
    "refused": "refused by the venue [{}]: ",
    "not sent": "not sent [",
    "unknown": "is unknown, its worst case stays reserved: {}",
    "found": "is unknown no more: it is there, ",
    "absent": "it never arrived (signed no later than ",
    "filled": "bought ",
    "closed": "filled in all",
    "quarantined": "in quarantine [late_fill]: look at it",
    "cancel asked": "released by ",
    "cancel unknown": "ended unknown: {}",
    "cancel not sent": "ended not_sent: {}",
    "cancel refused": "ended refused: {}",
}
