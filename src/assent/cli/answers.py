"""`assent intents approve|reject|expire`: a person's answer to one question.

Nothing is approved that was not shown or named exactly: a yes carries the terms of the card on the screen, or the terms
that the command itself names. Without a terminal there is nobody to show a card to, so one of the two must be named.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from assent.cli.exits import CommandError, Exit
from assent.cli.options import desk_options, need, say, say_json, settings_of

if TYPE_CHECKING:
    from assent.cli.answering import Verdict
    from assent.cli.cards import Card
    from assent.cli.reading import Ledger
    from assent.config import Settings
    from assent.model.assents import ApprovalRequested

PREFIX_LEAST: Final = 6
TERMS_LEAST: Final = 8
WRONG_ONE: Final = "The wrong one is worse than none"
_TERMS = re.compile(r"[0-9a-f]{8,64}")


class Meant(NamedTuple):
    """The question that a name means. `whole`: it was named by its code or its whole id, not by a beginning of it."""

    asked: "ApprovalRequested"
    whole: bool


class Terms(click.ParamType[str]):
    """The beginning of a card's terms."""

    name = "terms"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip().lower().removesuffix("...")
        if not _TERMS.fullmatch(text):
            self.fail(
                f"{value!r} is not the beginning of a card's terms: at least {TERMS_LEAST} of 0-9, a-f", param, ctx
            )
        return text


@click.command(name="approve", short_help="Say yes to one intent that waits.")
@click.argument("wanted", metavar="CODE")
@click.option("--terms", type=Terms(), metavar="HEX", help="Only if these are its terms: at least 8 symbols of them.")
@click.option("--yes", is_flag=True, help="Without a question; takes the whole code, or the whole id.")
@click.option("--factor", metavar="DIGITS", help="Your second factor, where the constitution asks for one.")
@desk_options
def approve(
    wanted: str, folder: Path, mode: str | None, *, terms: str | None, yes: bool, factor: str | None, as_json: bool
) -> int:
    """Say yes to one intent that waits: shows its card first, and sends exactly the terms of that card.

    CODE is its six-symbol code, in any case, or the beginning of its id that fits only one. On a terminal it asks; else
    --terms names what is meant, or --yes with the code.
    """
    from assent.cli.answering import came_to, give, request_of
    from assent.cli.cards import card_told
    from assent.cli.reading import asking_now

    settings = settings_of(folder, mode=mode)
    ledger, now = asking_now(settings)
    meant = meant_by(ledger, wanted)
    card = card_for(ledger, meant, now)
    attended = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    named = meant.asked.code
    agreed: str | None = meant.asked.terms  # of what is over: the desk says why, and records that it was asked
    if card is not None:
        if not as_json:
            _show(card, now)
        agreed = _agreed(card, meant, terms=terms, yes=yes, attended=attended)
    if agreed is None:
        say(f"not answered: {named} still waits")
        return Exit.OK
    if card is not None and card.factor_needed and factor is None and attended:
        factor = click.prompt("Second factor", hide_input=True, default="", show_default=False).strip()
    answer = give(settings, request_of("approve", named, terms=agreed, factor=factor or None))
    told = {**answer, "card": None if card is None else card_told(card, now)}
    _tell("approve", named, told, as_json=as_json, said=came_to("approve", named, answer))
    return Exit.OK


@click.command(name="reject", short_help="Say no to one intent that waits.")
@click.argument("wanted", metavar="CODE")
@click.option("--reason", required=True, help="Why; recorded for ever.")
@desk_options
def reject(wanted: str, folder: Path, mode: str | None, *, reason: str, as_json: bool) -> int:
    """Say no to one intent that waits: it is over, whoever else has said yes, and is not asked again for a while."""
    reason = need(reason, "--reason", '"the news is older than the price"')
    return _end("reject", wanted, settings_of(folder, mode=mode), reason=reason, as_json=as_json)


@click.command(name="expire", short_help="End one question without an answer to it.")
@click.argument("wanted", metavar="CODE")
@desk_options
def expire(wanted: str, folder: Path, mode: str | None, *, as_json: bool) -> int:
    """End the question about one intent now, as if its time were over: neither a yes nor a no to the idea."""
    return _end("expire", wanted, settings_of(folder, mode=mode), reason="", as_json=as_json)


def meant_by(ledger: "Ledger", wanted: str) -> Meant:
    """The one question that a code or the beginning of an id means, of those that are open first."""
    from assent.model.assents import ApprovalRequested

    ref = wanted.strip()
    asked = [fact for _, _, fact in ledger.records if isinstance(fact, ApprovalRequested)]
    still = [one for one in asked if one.intent_id in ledger.state.asked]
    for known in (still, asked):
        by_code = [one for one in known if one.code == ref.upper()]
        if by_code:
            return Meant(by_code[-1], whole=True)
        by_id = [one for one in known if _begins(one.intent_id, ref)]
        if len(by_id) == 1:
            return Meant(by_id[0], whole=by_id[0].intent_id == ref)
        if by_id:
            raise _no_such(
                "assent_ambiguous", f"{len(by_id)} intents begin with {ref!r}", "The wrong one is worse than none"
            )
    raise _no_such("assent_unknown", f"Nobody was ever asked about {ref!r}", _why_unknown(ref))


def card_for(ledger: "Ledger", meant: Meant, now: int) -> "Card | None":
    """The card of a question that is open, or None."""
    from assent.cli.cards import card_of, proposals_of

    name = meant.asked.intent_id
    asked = ledger.state.asked.get(name)
    return None if asked is None else card_of(ledger.state, proposals_of(ledger.records)[name], asked, now)


def _agreed(card: "Card", meant: Meant, *, terms: str | None, yes: bool, attended: bool) -> str | None:
    """The terms that a person has agreed to, or None. Terms that are not the card's go to the desk as they are: it
    refuses them, and the record says that somebody tried."""
    whole = card.row.terms
    if terms is not None:
        return whole if whole.startswith(terms) else terms
    if yes and meant.whole:
        return whole
    if yes or not attended:
        raise CommandError(
            "terms_unnamed",
            "--yes says yes without a look, and CODE is only the beginning of an id"
            if yes
            else f"There is no terminal to ask on whether {card.row.code} may leave",
            why="Nothing is approved that was not shown to a person or named exactly",
            todo=f"Name it by its code with --yes, or by what would leave: --terms {whole[:TERMS_LEAST]}",
        )
    return whole if click.confirm("Say yes to exactly this?", default=False) else None


def _end(verdict: "Verdict", wanted: str, settings: "Settings", *, reason: str, as_json: bool) -> int:
    from assent.cli.answering import came_to, give, request_of
    from assent.cli.reading import asking_now

    ledger, _ = asking_now(settings)
    named = meant_by(ledger, wanted).asked.code
    answer = give(settings, request_of(verdict, named, reason=reason))
    _tell(verdict, named, answer, as_json=as_json, said=came_to(verdict, named, answer))
    return Exit.OK


def _show(card: "Card", now: int) -> None:
    from assent.cli.cards import card_lines

    say([*card_lines(card, now), ""])


def _tell(verdict: str, named: str, answer: dict[str, Any], *, as_json: bool, said: str) -> None:
    from assent.cli.words import line

    if as_json:
        say_json({"verdict": verdict, "code": named, **answer})
    else:
        say(line(said))


def _begins(intent_id: str, ref: str) -> bool:
    """With or without the two signs that every id begins with."""
    lowered = ref.lower()
    least = PREFIX_LEAST if lowered.startswith("i-") else PREFIX_LEAST - 2
    return len(lowered) >= least and intent_id.startswith((lowered, "i-" + lowered))


def _why_unknown(ref: str) -> str:
    """A code that was read out or typed wrongly is told apart from one of another desk."""
    from assent.model.ids import CODE_ALPHABET, CODE_LENGTH, is_human_code

    code = ref.upper()
    if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) and not is_human_code(code):
        return "As a code it has a slip in it: its last symbol checks the others, and does not fit them"
    return f"An answer names a six-symbol code, or at least {PREFIX_LEAST} symbols of an intent's id, of this ledger"


def _no_such(code: str, what: str, why: str) -> CommandError:
    from assent.model.remedies import REMEDIES

    return CommandError(code, what, why=why, todo=REMEDIES[code], exit_code=Exit.REFUSED)
