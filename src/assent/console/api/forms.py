"""What may be said to the interface: bodies and names, each of exactly one form, nothing coerced, nothing besides."""

from typing import Annotated, Final, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

REASON_MAX: Final = 200
ROWS_MAX: Final = 500
SEQ_MAX: Final = 2**53


def printable(text: str) -> str:
    """Each line break a space, whatever else does not print a question mark: a reason stands in one line of a log."""
    return "".join(sign if sign.isprintable() else " " if sign in "\r\n\t" else "?" for sign in text)


def _digits(value: object) -> object:
    """Numbers in an address are plain digits: what reads " +1_0.0" as ten may read anything as anything."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise ValueError("must be a whole number in plain digits")
    return value


Reason = Annotated[
    str, Field(min_length=1, max_length=REASON_MAX, pattern=r"\S"), AfterValidator(printable)
]  # fmt: skip
Terms = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Factor = Annotated[str, Field(pattern="^[0-9]{6}$")]
MessageId = Annotated[str, Field(pattern="^[A-Za-z0-9._-]{1,64}$")]

IntentName = Annotated[
    str,
    Path(
        pattern="^[A-Za-z0-9-]{6,40}$",
        description="A six-symbol code, an intent's id, or the beginning of one of them.",
    ),
]
StoryName = Annotated[
    str, Path(pattern="^[A-Za-z0-9-]{2,80}$", description="An intent's or order's id, a code, or a unique beginning.")
]
OrderName = Annotated[str, Path(pattern="^[A-Za-z0-9-]{6,80}$", description="An order's id, ours or the venue's.")]
CauseName = Annotated[str, Path(pattern="^[a-z_]{1,60}$", description="The cause of a halt that stands.")]
_SEQ = Field(ge=1, le=SEQ_MAX)
Seq = Annotated[int, _SEQ, BeforeValidator(_digits), Path(description="A record's number.")]
Limit = Annotated[int, Field(ge=1, le=ROWS_MAX), BeforeValidator(_digits), Query(description="At most so many.")]
Before = Annotated[
    Annotated[int, _SEQ, BeforeValidator(_digits)] | None,
    Query(alias="cursor", description="Go on from here: `next` of the page before."),
]
After = Annotated[
    Annotated[int, Field(ge=0, le=SEQ_MAX), BeforeValidator(_digits)] | None,
    Query(description="The oldest records after this one; 0 begins at the beginning."),
]
BeforeSeq = Annotated[
    Annotated[int, _SEQ, BeforeValidator(_digits)] | None, Query(description="The newest records before this one.")
]

Stream = Annotated[
    Literal["intent", "order", "instrument", "strategy", "day"] | None,
    Query(description="Only the records of one of these."),
]
StreamValue = Annotated[str, Query(max_length=200, description="Which one of the stream.")]


class Form(BaseModel):
    """Exactly these fields, exactly of these types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Approval(Form):
    """A yes to exactly these terms. `message_id` is the caller's own name for this answer: none is taken twice."""

    terms: Terms
    message_id: MessageId
    factor: Factor | None = None


class Rejection(Form):
    """A no. It needs no terms: whatever was shown, it ends the intent."""

    terms: Terms | None = None
    message_id: MessageId
    factor: Factor | None = None
    reason: Annotated[str, Field(max_length=REASON_MAX), AfterValidator(printable)] = ""


class HaltWanted(Form):
    """Stop now."""

    reason: Reason


class ResumeWanted(Form):
    """Go on, since the cause is settled."""

    reason: Reason
    factor: Factor | None = None


class CancelWanted(Form):
    """Nothing needs to be said."""
