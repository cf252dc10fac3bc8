"""Whose assent what needs: by the kind of action and by what it may lose, how many people, and who these are.

Part of the constitution. More people, asked for more and earlier, is tighter; so is a shorter list of who may say yes.
What never asks anybody is a policy too: an empty list. Where assent is mandatory that is refused, as is every policy
that nobody could ever satisfy, since a desk that waits for ever looks like one that works.
"""

from typing import TYPE_CHECKING

import msgspec

from assent.model.intents import Action
from assent.model.units import DAY

if TYPE_CHECKING:
    from assent.model.constitution import Constitution

# What leaves or opens a position, or collects money. A cancel takes nothing and risks nothing.
BINDING: tuple[Action, ...] = ("open", "close", "claim")
# The limits of the constitution that make a policy together.
POLICY = ("approvals", "approvers", "approval_mandatory", "exits_auto_after")
# And all that have to do with whose assent what needs, in the order of the table.
ASSENTS = (
    "approvals", "approvers", "approval_mandatory", "approval_life", "denied_pause_min", "exits_auto_after",
    "second_factor_from", "second_factor_to_resume",
)  # fmt: skip
PEOPLE_MOST = 9
# Longer than any request lives: an exit never goes without its assent.
AUTO_NEVER = 7 * DAY


class Band(msgspec.Struct, frozen=True, array_like=True):
    """From this worst loss on, an action of this kind needs so many different people."""

    action: Action
    loss: int
    people: int


class Person(msgspec.Struct, frozen=True, array_like=True):
    """Who may give assent, and the identities by which a channel knows that person: `os:ada`, `token:phone`."""

    name: str
    identities: tuple[str, ...]


def people_needed(bands: tuple[Band, ...], action: Action, worst_loss: int) -> int:
    """How many people must say yes; 0 where nobody is asked. Of several bands the strictest counts."""
    return max((band.people for band in bands if band.action == action and worst_loss >= band.loss), default=0)


def person_of(people: tuple[Person, ...], identity: str) -> str | None:
    """The one person that this identity belongs to, or None."""
    return next((person.name for person in people if identity in person.identities), None)


def asks_no_less(new: tuple[Band, ...], old: tuple[Band, ...]) -> bool:
    """Whether at every loss and for every action at least as many people are asked as before."""
    places = {(band.action, band.loss) for band in (*new, *old)}
    return all(people_needed(new, *place) >= people_needed(old, *place) for place in places)


def names_no_more(new: tuple[Person, ...], old: tuple[Person, ...]) -> bool:
    """Whether nobody may say yes who could not before, and nobody under a further identity."""
    known = {person.name: set(person.identities) for person in old}
    return all(set(person.identities) <= known.get(person.name, set()) for person in new) and all(
        person.name in known for person in new
    )


def counts_people(limits: "Constitution") -> bool:
    """Whether it matters under these limits who the people are: somebody must say yes to something, or the end of a
    halt takes the second factor of the person to whom an identity belongs."""
    return bool(limits.approvals) or limits.second_factor_to_resume


def policy_fault(limits: "Constitution") -> str | None:
    """Why this policy may not come into force, or None: nobody is asked where somebody must be, or nobody could ever
    answer."""
    if limits.approval_mandatory:
        free = [action for action in BINDING if not people_needed(limits.approvals, action, 0)]
        if free:
            return f"approval is mandatory, and `approvals` lets {' and '.join(free)} go without anybody's assent"
        if limits.exits_auto_after != AUTO_NEVER:
            return "approval is mandatory, and `exits_auto_after` would let an exit go without anybody's assent"
    most = max((band.people for band in limits.approvals), default=0)
    if most > len(limits.approvers):
        return f"`approvals` asks for {most} different people, and `approvers` names {len(limits.approvers)}"
    return None
