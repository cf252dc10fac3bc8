"""How a position is to be left, as data on the proposal that opens it.

Decided before the entry, recorded with it, carried out without asking the strategy again: by the venue as a bracket
where it knows them, by the desk where it does not. Whichever comes first ends it; where two come together, the stop.
"""

import msgspec

from assent.model.orders import Side
from assent.model.text import shown
from assent.model.units import is_value


class Exits(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Leave at `stop_price` or worse, at `target_price` or better; when the position would bring so much less, or more,
    than it cost (`loss_ppm`, `gain_ppm`); when fewer than `depth_min` contracts stand at the price at which we would
    leave, or the gap is wider than `spread_max`; after `life_ns`, or so long before the market closes (`ahead_ns`)."""

    stop_price: int | None = None
    loss_ppm: int | None = None
    target_price: int | None = None
    gain_ppm: int | None = None
    depth_min: int | None = None
    spread_max: int | None = None
    life_ns: int | None = None
    ahead_ns: int | None = None


_WAYS = Exits.__struct_fields__


def exits_fault(exits: object) -> str | None:
    """Why this is no set of exits, or None: total, whatever stands in a field."""
    if type(exits) is not Exits:
        return f"exits is {shown(exits, 60)}, not Exits"
    ways = 0
    for name, value in zip(_WAYS, msgspec.structs.astuple(exits), strict=True):
        if value is None:
            continue
        if not is_value(value) or value <= 0:
            return f"exits.{name} is {shown(value, 60)}, not whole and positive"
        ways += 1
    return None if ways else "exits names no way out; leave it away"


def on_the_right_sides(exits: Exits, side: Side, price: int) -> bool:
    """The stop on the losing side of the entry, the target on the winning one."""
    low, high = (exits.stop_price, exits.target_price) if side == "buy" else (exits.target_price, exits.stop_price)
    return (low is None or low < price) and (high is None or high > price)
