"""The second factor: six digits that change every half minute (RFC 6238, over HMAC-SHA1 as every phone does it).

Pure: the seed, the digits and the time are handed in. Whether a step was used before is for the file to say.
"""

import base64
from hmac import compare_digest, digest
from typing import Final
from urllib.parse import quote

from assent.model.units import SECOND

STEP_NS: Final = 30 * SECOND
DIGITS: Final = 6
SEED_BYTES: Final = 20  # as long as the hash, which is what RFC 4226 asks for
STEPS_AROUND: Final = (1, 0, -1)  # a phone's clock may be half a minute off; the newest first
ISSUER: Final = "Assent"


def step_of(now: int) -> int:
    return now // STEP_NS


def code_at(seed: bytes, step: int, digits: int = DIGITS) -> str:
    """The digits of one step."""
    mac = digest(seed, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_steps(seed: bytes, given: str, now: int) -> list[int]:
    """The steps around now whose digits these are, the newest first. Each is compared, whatever the others gave."""
    shown = given.encode("utf-8", "surrogatepass")
    steps = [step for around in STEPS_AROUND if (step := step_of(now) + around) >= 0]
    equal = [compare_digest(code_at(seed, step).encode(), shown) for step in steps]
    return [step for step, same in zip(steps, equal, strict=True) if same]


def written_seed(seed: bytes) -> str:
    """The seed as a person may type it into a phone."""
    return base64.b32encode(seed).decode()


def uri_of(person: str, seed: bytes) -> str:
    """The address that a phone reads from a picture."""
    label = quote(f"{ISSUER}:{person}", safe="")
    period = STEP_NS // SECOND
    return (
        f"otpauth://totp/{label}?secret={written_seed(seed)}&issuer={ISSUER}"
        f"&algorithm=SHA1&digits={DIGITS}&period={period}"
    )
