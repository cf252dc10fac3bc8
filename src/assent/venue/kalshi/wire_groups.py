"""Order groups in Kalshi's words: the list of them, the making of one, and where one is reset."""

from typing import Final

import msgspec

from assent.model.text import shown
from assent.venue.kalshi import numbers
from assent.venue.kalshi.wire import FLAG, INDEX, NAME, QTY, Rejection, Row, answer, is_name

GROUPS_PATH: Final = "/portfolio/order_groups"


class Group(msgspec.Struct, frozen=True):
    """`triggered`: its orders were taken off and no more are taken. The venue calls that auto-cancel enabled; of a
    fresh group it was seen to say false."""

    group_id: str
    limit: int
    triggered: bool
    exchange_index: int


class _Create(msgspec.Struct, omit_defaults=True):
    contracts_limit_fp: str
    exchange_index: int | None = None
    subaccount: int | None = None


def groups(body: bytes) -> tuple[Group, ...] | Rejection:
    """All of them, or none where one cannot be read; an account without any has no list at all."""
    return answer(
        body,
        lambda top: tuple(
            _group(Row(item, f"order_groups[{place}]")) for place, item in enumerate(top.items("order_groups"))
        ),
    )


def created(body: bytes) -> str | Rejection:
    """The id of the new one."""
    return answer(body, lambda top: top.need("order_group_id", NAME))


def create(limit: int, *, exchange_index: int, subaccount: int | None) -> bytes | Rejection:
    text = numbers.count_text(limit)
    if text is None:
        return Rejection("bad_qty", "contracts_limit_fp", f"{limit} micros cannot be written with two decimals")
    return msgspec.json.encode(_Create(text, exchange_index, subaccount))


def reset_path(group: str, *, exchange_index: int, subaccount: int | None) -> str | Rejection:
    """Path and query of a reset; its body is an empty object."""
    if not is_name(group):
        return Rejection("bad_name", "order_group_id", shown(group))
    query = f"exchange_index={exchange_index}" + (f"&subaccount={subaccount}" if subaccount is not None else "")
    return f"{GROUPS_PATH}/{group}/reset?{query}"


def _group(row: Row) -> Group:
    return Group(
        group_id=row.need("id", NAME),
        limit=row.need("contracts_limit_fp", QTY),
        triggered=row.need("is_auto_cancel_enabled", FLAG),
        exchange_index=row.maybe("exchange_index", INDEX) or 0,
    )
