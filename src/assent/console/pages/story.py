"""One intent's whole story for its page: what it rests on, what the rules said, what came of it. Pure."""

from typing import Any, Final, NamedTuple

from assent.console.pages.cards import card_of, side_price
from assent.console.reading.snapshot import Snapshot
from assent.console.reading.stories import NotOne
from assent.desk.sentences import sentence_of
from assent.desk.story import Step, Story
from assent.model import assents, facts, would
from assent.model.instruments import Future

# What a step means for the reader's eye; the words say it as well.
TONES: Final[dict[type, str]] = {
    assents.AssentGiven: "good",
    facts.OrderReleased: "good",
    facts.OrderAccepted: "good",
    facts.FillBooked: "good",
    would.WouldRelease: "good",
    assents.ApprovalRequested: "warn",
    assents.ApprovalEnded: "warn",
    facts.OrderUnknown: "warn",
    facts.OrderClosed: "warn",
    facts.CancelReleased: "warn",
    facts.FillCorrected: "warn",
    facts.FeeDiffered: "warn",
    assents.AssentDenied: "bad",
    assents.AssentRefused: "bad",
    facts.IntentSkipped: "bad",
    facts.OrderRefused: "bad",
    facts.OrderNotSent: "bad",
    facts.OrderQuarantined: "bad",
    facts.HaltRaised: "bad",
    facts.DiscrepancyFound: "bad",
}


class StepShown(NamedTuple):
    seq: int
    ts: int
    tone: str
    words: str


def story_context(story: Story, snapshot: Snapshot, now: int, csrf: str) -> dict[str, Any]:
    name = story.intent.intent_id
    waiting = next((card for card in snapshot.intents.pending if card.intent.intent_id == name), None)
    order = story.order.order_id if story.order else ""
    return {
        "story": story,
        "price": side_price(story.words, story.intent.price),
        "asked_price": side_price(story.words, story.question.price) if story.question else None,
        "of": "" if type(story.instrument) is Future else "of YES",
        "steps": tuple(_shown(step) for step in story.steps),
        "row": next((row for row in reversed(snapshot.intents.rows) if row.intent_id == name), None),
        "order_row": next((row for row in reversed(snapshot.orders.rows) if order and row.order_id == order), None),
        "card": card_of(waiting, waiting.asked, now, csrf) if waiting and waiting.asked else None,
        "decided": sentence_of(story.decision) if story.decision else "",
    }


def told_of(found: NotOne) -> str:
    """Why there is no one story, and which there are."""
    if not found.candidates:
        return found.why
    return f"{found.why}: {', '.join(found.candidates[:8])}"


def _shown(step: Step) -> StepShown:
    return StepShown(step.seq, step.ts, TONES.get(type(step.fact), ""), sentence_of(step.fact))
