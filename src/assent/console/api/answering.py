"""How an endpoint answers: with one declared struct, written by the same codec that the ledger is written with.

The description of the interface is made from the very types that are encoded, so the two cannot part. pydantic judges
what comes in, and nothing else.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final, ParamSpec

import msgspec
from fastapi import Response

JSON: Final = "application/json"
_encode: Final = msgspec.json.Encoder().encode
P = ParamSpec("P")
# Which struct each endpoint answers with, by status.
_KINDS: Final[dict[Callable[..., Any], Mapping[int, type[msgspec.Struct]]]] = {}


def answers(
    kind: type[msgspec.Struct], **others: type[msgspec.Struct]
) -> Callable[[Callable[P, Awaitable[Any]]], Callable[P, Awaitable[Response]]]:
    """Declare what an endpoint answers with. It may return a struct, or a whole response with another status."""

    def declared(endpoint: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Response]]:
        @wraps(endpoint)
        async def answer(*args: P.args, **kwargs: P.kwargs) -> Response:
            found = await endpoint(*args, **kwargs)
            return found if isinstance(found, Response) else told(found)

        answer.__signature__ = inspect.signature(endpoint).replace(return_annotation=Response)  # type: ignore[attr-defined]
        _KINDS[answer] = {200: kind} | {int(status.lstrip("_")): other for status, other in others.items()}
        return answer

    return declared


def told(struct: msgspec.Struct, status: int = 200) -> Response:
    """The struct as an answer."""
    return Response(_encode(struct), status, media_type=JSON)


def kinds_of(endpoint: Callable[..., Any] | None) -> Mapping[int, type[msgspec.Struct]]:
    """What the endpoint declared; nothing for one that answers with something that is not JSON."""
    return _KINDS.get(endpoint, {}) if endpoint else {}
