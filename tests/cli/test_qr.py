"""A picture that a phone reads: taken apart again here, by a reader of its own."""

from hashlib import sha256
from itertools import product

import pytest

from assent.cli import qr

URI = "otpauth://totp/Assent%3Aada?secret=TF3M6NTNCOWGAQAU3MBYW5YKPRN6LOJD&issuer=Assent&algorithm=SHA1&digits=6&period=30"
# Of the picture of that address: it was read by two other programs before it was written down here.
READ_BY_OTHERS = "c988eec5477e79c2e3b34e9238d6e2d3adaf12e77dedf4279d914ef66ca19a4f"


def read(grid: qr.Grid) -> str:
    """The text, with the version by the size, the mask by the format, and no correction of anything."""
    size = len(grid)
    version = qr.VERSIONS[(size - 17) // 4 - 1]
    places = [*((y, 8) for y in (0, 1, 2, 3, 4, 5, 7, 8)), *((8, x) for x in (7, 5, 4, 3, 2, 1, 0))]
    kind = (sum(grid[y][x] << place for place, (y, x) in enumerate(places)) ^ 0x5412) >> 10
    assert kind >> 3 == 1, "error correction L"
    taken = {place for place, _ in qr._fixed((size - 17) // 4, kind & 7)}
    turned = qr.MASKS[kind & 7]
    bits = "".join("01"[grid[y][x] ^ turned(y, x)] for y, x in qr._path(size) if (y, x) not in taken)
    words = [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]
    blocks = [words[block : version.data : version.blocks] for block in range(version.blocks)]
    whole = "".join(f"{word:08b}" for block in blocks for word in block)
    assert whole[:4] == "0100"
    length = int(whole[4:12], 2)
    return bytes(int(whole[at : at + 8], 2) for at in range(12, 12 + 8 * length, 8)).decode()


@pytest.mark.parametrize("length", [1, 17, 18, 53, 106, 107, 134, 154, 155, 192, 193, 230])
def test_a_picture_says_the_text_that_it_was_drawn_from(length: int) -> None:
    text = (URI * 3)[:length]
    grid = qr.matrix(text.encode())
    assert grid is not None
    assert read(grid) == text


def test_every_block_and_its_correction_have_no_remainder() -> None:
    """Each root of the generator is a root of the whole: what a reader checks before it believes."""
    for version in qr.VERSIONS:
        words = qr._codewords(b"nothing trades without assent"[: version.data - 2], version)
        for block in range(version.blocks):
            data = words[block : version.data : version.blocks]
            check = words[version.data + block :: version.blocks]
            root = 1
            for _ in range(version.correction):
                value = 0
                for word in (*data, *check):
                    value = qr._times(value, root) ^ word
                assert value == 0
                root = qr._times(root, 2)


def test_the_picture_is_the_one_that_others_have_read() -> None:
    grid = qr.matrix(URI.encode())
    assert grid is not None
    assert sha256("".join("01"[dark] for row in grid for dark in row).encode()).hexdigest() == READ_BY_OTHERS


def test_what_is_too_long_has_no_picture() -> None:
    assert qr.matrix(b"x" * 231) is None
    assert qr.drawn("x" * 231) == []


def test_it_is_drawn_dark_on_light_with_a_quiet_edge() -> None:
    lines = qr.drawn("assent")
    assert len({len(line) for line in lines}) == 1
    bare = [line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m") for line in lines]
    assert all(line.startswith("    ") and line.endswith("    ") for line in bare)
    assert bare[0].strip() == bare[1].strip() == ""
    assert {shade for line in bare for shade in line} == {" ", "▀", "▄", "█"}


def test_the_corners_look_as_a_reader_seeks_them() -> None:
    grid = qr.matrix(b"assent")
    assert grid is not None
    for top, left in ((0, 0), (0, len(grid) - 7), (len(grid) - 7, 0)):
        for y, x in product(range(7), range(7)):
            ring = max(abs(y - 3), abs(x - 3))
            assert grid[top + y][left + x] is (ring != 2)
