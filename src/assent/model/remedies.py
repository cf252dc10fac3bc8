"""What to do about each answer of a person that the desk refused: the same words in a terminal, on a page, over HTTP.

What happened is the sentence of the code, in the registry of reasons; this is the step after it.
"""

from collections.abc import Mapping
from typing import Final

REMEDIES: Final[Mapping[str, str]] = {
    "assent_unknown": "See what waits with `assent intents list`; -C names another desk's folder",
    "assent_ambiguous": "Give more of the id, or the six-symbol code",
    "assent_replayed": "See with `assent intents show CODE` what became of it; answer again if it still waits",
    "assent_twice": "Have another of the constitution's approvers answer",
    "assent_copied": "Look at the card again, and answer with the terms that it shows",
    "assent_early": "Set this machine's clock right, and answer again",
    "assent_late": "Wait for the next card; `approval_life` in the constitution says how long one stands",
    "assent_changed": "Reject it, or let it expire; what still holds is proposed anew under the limits in force",
    "assent_not_permitted": "Have one of the `approvers` answer, or name this identity there: docs/approvals.md",
    "assent_halted": "See `assent halt status`; what still holds after the halt is proposed anew",
    "assent_ended": "See with `assent intents show CODE` how it ended",
    "second_factor_missing": "Add the digits that your device shows now, `--factor` in a terminal; "
    "`assent web factor enrol` makes one known here",
    "second_factor_wrong": "Look at the device and at its clock, and answer again",
    "second_factor_locked": "Wait a quarter of an hour, and find out who tried",
    "second_factor_replayed": "Wait for the next digits of your device, and answer again",
    "credential_refused": "Make a new token with `assent web token new`, or log in again",
    "scope_refused": "Use a token with that scope; `assent web token list` shows which there are",
    "answers_too_many": "Wait a minute, and look at `assent intents list` before the next answer",
}  # fmt: skip
