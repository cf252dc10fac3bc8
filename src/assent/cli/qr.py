"""A QR code of a short text, drawn with half blocks, as ISO/IEC 18004 says: bytes, error correction L, versions 1 to 9.

For what a phone reads from a screen once. What is longer has no picture.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

Grid = list[list[bool]]


class Version(NamedTuple):
    """How much fits, in how many blocks of equal length, with how much correction each; where its marks stand."""

    data: int
    blocks: int
    correction: int
    marks: tuple[int, ...]


VERSIONS: Final = (
    Version(19, 1, 7, ()), Version(34, 1, 10, (6, 18)), Version(55, 1, 15, (6, 22)), Version(80, 1, 20, (6, 26)),
    Version(108, 1, 26, (6, 30)), Version(136, 2, 18, (6, 34)), Version(156, 2, 20, (6, 22, 38)),
    Version(194, 2, 24, (6, 24, 42)), Version(232, 2, 30, (6, 26, 46)),
)  # fmt: skip
MASKS: Final[tuple[Callable[[int, int], bool], ...]] = (
    lambda y, x: (y + x) % 2 == 0, lambda y, _: y % 2 == 0, lambda _, x: x % 3 == 0, lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0, lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0, lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)  # fmt: skip
CORNERS: Final = ("10111010000", "00001011101")
QUIET: Final = 4
# Black on white whatever the terminal's colours are: not every phone reads the negative.
_ON, _OFF = "\x1b[30;107m", "\x1b[0m"


def drawn(text: str) -> list[str]:
    """The picture as lines for a terminal; none where the text is too long."""
    grid = matrix(text.encode())
    if grid is None:
        return []
    blank = [[False] * (len(grid) + 2 * QUIET)] * QUIET
    rows = [*blank, *([False] * QUIET + row + [False] * QUIET for row in grid), *blank, *blank[:1]]
    shades = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    pairs = (zip(*both, strict=True) for both in zip(rows[::2], rows[1::2], strict=False))
    return [_ON + "".join(shades[pair] for pair in line) + _OFF for line in pairs]


def matrix(data: bytes) -> Grid | None:
    """True is dark. The mask that leaves the least that could be misread."""
    for number, version in enumerate(VERSIONS, 1):
        if len(data) + 2 <= version.data:
            words = _codewords(data, version)
            return min((_masked(number, words, mask) for mask in range(len(MASKS))), key=_penalty)
    return None


def _codewords(data: bytes, version: Version) -> bytes:
    """The text in bytes, filled up, each block with its correction, interleaved."""
    bits = f"0100{len(data):08b}" + "".join(f"{byte:08b}" for byte in data) + "0000"
    whole = int(bits, 2).to_bytes(len(bits) // 8, "big") + bytes((0xEC, 0x11)) * version.data
    size = version.data // version.blocks
    blocks = [whole[at : at + size] for at in range(0, version.data, size)]
    checks = [_correction(block, version.correction) for block in blocks]
    return bytes(byte for group in (blocks, checks) for column in zip(*group, strict=True) for byte in column)


def _times(a: int, b: int) -> int:
    product = 0
    for place in range(7, -1, -1):
        product = (product << 1) ^ (0x11D if product & 0x80 else 0) ^ (a if b >> place & 1 else 0)
    return product


def _correction(block: bytes, count: int) -> bytes:
    """The remainder by the generator with so many roots."""
    generator, root = [1], 1
    for _ in range(count):
        generator = [a ^ _times(b, root) for a, b in zip([*generator, 0], [0, *generator], strict=True)]
        root = _times(root, 2)
    rest = [*block, *[0] * count]
    for at in range(len(block)):
        factor = rest[at]
        for offset, term in enumerate(generator):
            rest[at + offset] ^= _times(term, factor)
    return bytes(rest[-count:])


def _masked(number: int, codewords: bytes, mask: int) -> Grid:
    fixed = dict(_fixed(number, mask))
    size, turned = 17 + 4 * number, MASKS[mask]
    bits = (byte >> place & 1 == 1 for byte in codewords for place in range(7, -1, -1))
    grid = [[fixed.get((y, x), False) for x in range(size)] for y in range(size)]
    for y, x in _path(size):
        if (y, x) not in fixed:
            grid[y][x] = next(bits, False) ^ turned(y, x)
    return grid


def _path(size: int) -> Iterator[tuple[int, int]]:
    """Up and down in columns of two from the right, past the column of the timing marks."""
    columns = [x for x in range(size - 1, 0, -2) if x > 6] + [5, 3, 1]
    for turn, right in enumerate(columns):
        for y in range(size) if turn % 2 else range(size - 1, -1, -1):
            yield from ((y, right), (y, right - 1))


def _fixed(number: int, mask: int) -> Iterator[tuple[tuple[int, int], bool]]:
    """What is no data: the corners, the marks, the timing, the format, the version. What comes later stands on top."""
    size, marks = 17 + 4 * number, VERSIONS[number - 1].marks
    for at in range(size):
        yield from (((6, at), at % 2 == 0), ((at, 6), at % 2 == 0))
    corners = ((3, 3), (3, size - 4), (size - 4, 3))
    inner = [(y, x) for y in marks for x in marks if not any(abs(y - a) + abs(x - b) < 7 for a, b in corners)]
    for reach, light, middles in ((2, (1,), inner), (4, (2, 4), corners)):
        for y, x in middles:
            for dy in range(-reach, reach + 1):
                for dx in range(-reach, reach + 1):
                    if 0 <= y + dy < size and 0 <= x + dx < size:
                        yield (y + dy, x + dx), max(abs(dy), abs(dx)) not in light
    kind = _checked(1 << 3 | mask, 10, 0x537) ^ 0x5412
    for at in range(15):
        dark = kind >> at & 1 == 1
        yield (at if at < 6 else at + 1 if at < 8 else size - 15 + at, 8), dark
        yield (8, size - 1 - at if at < 8 else 7 if at == 8 else 14 - at), dark
    yield (size - 8, 8), True
    if number >= 7:
        for at in range(18):
            (a, b), dark = (at // 3, size - 11 + at % 3), _checked(number, 12, 0x1F25) >> at & 1 == 1
            yield from (((a, b), dark), ((b, a), dark))


def _checked(value: int, bits: int, generator: int) -> int:
    rest = value << bits
    while rest.bit_length() > bits:
        rest ^= generator << rest.bit_length() - generator.bit_length()
    return value << bits | rest


def _penalty(grid: Grid) -> int:
    """How much of it a phone could misread: long runs, squares, what looks like a corner, too much of one shade."""
    lines = ["".join("01"[dark] for dark in row) for side in (grid, list(zip(*grid, strict=True))) for row in side]
    runs = [len(run) for line in lines for run in line.replace("01", "0 1").replace("10", "1 0").split()]
    fours = (above[at : at + 2] + below[at : at + 2] for above, below in pairwise(grid) for at in range(len(grid) - 1))
    squares = sum(len(set(four)) == 1 for four in fours)
    corners = sum(line.startswith(CORNERS, at) for line in lines for at in range(len(line)))
    shade = abs(sum(map(sum, grid)) * 20 // len(grid) ** 2 - 10)
    return sum(run - 2 for run in runs if run >= 5) + 3 * squares + 40 * corners + 10 * shade
