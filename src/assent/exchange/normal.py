"""The normal distribution in integers: its table, its probabilities, its draws.

Every machine must live through the same world, so nothing here may pass through a float or a maths library: the
table is summed once from the power series in fixed-point integers.
"""

from bisect import bisect_right
from functools import cache
from random import Random

PPB = 1_000_000_000
Z_STEPS = 100  # table entries per standard deviation
Z_MAX = 6
_FIXED = 10**40
_ONE_OVER_ROOT_TWO_PI = 3989422804014326779399460599343818684758  # x 10^40


@cache
def half_table() -> tuple[int, ...]:
    """The mass between 0 and z, in parts per billion, for z = 0.00, 0.01, ... 6.00."""
    return tuple(_mass_below(step) for step in range(Z_MAX * Z_STEPS + 1))


def _mass_below(step: int) -> int:
    # sum of (-1)^n z^(2n+1) / (2^n n! (2n+1)), z = step / Z_STEPS
    z_squared_half_num, z_squared_half_den = step * step, 2 * Z_STEPS * Z_STEPS
    power = _FIXED * step // Z_STEPS
    total, n = power, 0
    while power:
        n += 1
        power = power * z_squared_half_num // (z_squared_half_den * n)
        total += (power if n % 2 == 0 else -power) // (2 * n + 1)
    mass = total * _ONE_OVER_ROOT_TWO_PI // _FIXED
    return (mass * PPB + _FIXED // 2) // _FIXED


def mass_below(distance: int, sigma: int) -> int:
    """P(X < mean + distance) in parts per billion, for any unit that distance and sigma share."""
    half = _half_mass(abs(distance) * Z_STEPS * 100 // sigma)
    return PPB // 2 + half if distance >= 0 else PPB // 2 - half


def _half_mass(z: int) -> int:
    """The mass between 0 and z, z in ten-thousandths, by straight lines between the entries of the table."""
    table = half_table()
    step, rest = divmod(z, 100)
    if step >= Z_MAX * Z_STEPS:
        return PPB // 2
    return table[step] + (table[step + 1] - table[step]) * rest // 100


def draw(random: Random, sigma: int) -> int:
    """A normal draw around 0, symmetric to the last unit."""
    table = half_table()
    mass = random.getrandbits(29) * PPB >> 30
    step = bisect_right(table, mass) - 1
    if step >= Z_MAX * Z_STEPS:
        z = Z_MAX * Z_STEPS * 100
    else:
        z = step * 100 + (mass - table[step]) * 100 // (table[step + 1] - table[step])
    size = sigma * z // (Z_STEPS * 100)
    return size if random.getrandbits(1) else -size
