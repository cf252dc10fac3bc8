"""What a page says after something was asked of it: that it is done, or why not. Pure.

What a page repeats from its own address is looked up in a table or judged first, so that nobody can put words into it
by a link.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from assent.console.guard.refusals import Refusal
from assent.model.ids import is_human_code
from assent.model.reasons import REASONS, sentence

# What came of a yes, by the desk's own word for it; and of the other acts.
WORDS: Final[Mapping[str, str]] = {
    "released": "Your assent was taken and the order of {code} is released.",
    "would be released": "Your assent was taken; the order of {code} would be released.",
    "waiting": "Your assent to {code} was taken. Others are still needed.",
    "looking": "Your assent to {code} was taken. The venue is asked once more, and its answer decides.",
    "skipped": "Your assent to {code} was taken, and the last look said no: nothing was sent.",
    "approve": "Your assent to {code} was taken.",
    "reject": "You said no to {code}. Nothing of it is sent.",
    "halt": "The desk is halted.",
    "resume": "The halt is over.",
    "override": "The halt is set aside for a while. It still stands, and holds again when the time is up.",
    "end_override": "The halt holds again.",
    "cancel": "The cancel is on its way.",
}


class Done(NamedTuple):
    """A yes of the desk's, in words."""

    words: str
    intent_id: str
    kind: str
    reason: str
    sentence: str


class Link(NamedTuple):
    href: str
    label: str


def done_of(said: Mapping[str, str]) -> Done | None:
    """What the page's own address says was done, where that is one of the things that can be."""
    what, code, intent_id = said.get("done", ""), said.get("code", ""), said.get("intent", "")
    reason = said.get("reason", "") if said.get("reason", "") in REASONS else ""
    if what not in WORDS:
        return None
    if "{code}" in WORDS[what] and not is_human_code(code):
        return None
    plain = intent_id if intent_id.replace("-", "").isalnum() and len(intent_id) <= 80 else ""
    kind = "warn" if what in ("waiting", "looking", "skipped") else "good"
    return Done(WORDS[what].format(code=code), plain, kind, reason, sentence(reason) if reason else "")


def headline(refusal: Refusal) -> str:
    """The first words of a page that says no."""
    return HEADLINES.get(refusal.code, "This was refused")


HEADLINES: Final[Mapping[str, str]] = {
    "not_found": "There is no such page",
    "desk_not_running": "The desk does not run",
    "outcome_unknown": "Nobody knows yet what came of it",
    "assent_late": "Too late",
    "assent_changed": "The limits have changed",
    "assent_copied": "This answer belongs to something else",
    "assent_replayed": "This answer was taken before",
    "assent_twice": "You have said yes already",
    "assent_ended": "This is over",
    "assent_halted": "The desk is halted",
    "assent_not_permitted": "You may not assent",
    "second_factor_missing": "A second factor is needed",
    "second_factor_wrong": "The second factor is wrong",
    "second_factor_replayed": "This second factor was used before",
    "second_factor_locked": "The second factor is locked",
    "scope_refused": "This session may not do that",
    "csrf_refused": "This page is too old",
    "origin_refused": "This did not come from a page of the console",
    "rate_limited": "Too much at once",
    "console_fault": "A fault of ours",
    "ledger_unread": "The ledger cannot be read",
}
