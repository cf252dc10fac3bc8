"""The last look: an opening order leaves on a quote that was proven a moment ago, or after the venue was asked once.

An intent that has its assent is released at once where its quote's proof is young enough. Else the venue is asked for
that one book, and `desk.looked` sees to the answer: every rule runs again, and the order is released exactly as it was
recorded, or skipped for good. A waiting intent reserves nothing: since the rules run at the release itself, in one
step with it, no number of looks in flight can pass a cap.

Only what opens is looked at. What leaves a position, protects one or cancels is never held up by a question that may
fail: it goes on the proof that the rule `quote_proof` asks for, at a price that it names.
"""

from assent.desk.candidate import Candidate
from assent.desk.context import Context, Looked
from assent.model.facts import LookRequested
from assent.model.intents import Intent
from assent.model.units import SECOND

# Why an idea that waits for its look is not released yet.
REQUESTED = "look_requested"
# After a look that came to nothing the same idea is not asked about again for this long.
AGAIN = 5 * SECOND
# By what an idea is known again: strategy, market, action, side.
Key = tuple[str, str, str, str]


def is_due(candidate: Candidate) -> bool:
    """Whether what opens rests on a proof that is too old to be released on."""
    seal, quote = candidate.state.seal, candidate.quote
    if not candidate.opens or seal is None or quote is None:
        return candidate.opens
    return candidate.now - quote.proven_ts > seal.constitution.look_proof_age_max


def is_known(desk: Context, key: Key, candidate: Candidate) -> bool:
    """Whether this idea waits for an answer already, or would ask anew a moment after a look came to nothing. Such an
    idea is counted and not recorded: otherwise a venue that does not answer would fill the ledger."""
    known = desk.looked.get(key)
    if known is None:
        return False
    if known.ended_ts is not None and (desk.now - known.ended_ts >= AGAIN or not is_due(candidate)):
        return False
    known.repeats += 1
    return True


def ask(desk: Context, key: Key, intent: Intent, price: int | None, *, repeats: int = 0) -> None:
    """Once for each intent. Bounded by the strategies and the markets: one look for each idea that they may have.
    `price`: what there was to deal at when it was judged. `repeats`: how often it came again meanwhile."""
    known = desk.looked.get(key)
    desk.looked[key] = Looked(repeats + (known.repeats if known else 0))
    desk.emit(LookRequested(intent_id=intent.intent_id, instrument=intent.instrument, price=price))
