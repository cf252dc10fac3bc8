"""Whose assent what needs, as a file says it: bands of worst loss, and people with their identities."""

import re

from assent.config.unfit import Unfit, type_word
from assent.model.policy import PEOPLE_MOST, Band, Person
from assent.model.units import parse_micros

_BAND = re.compile(r"(open|close|claim|cancel)(?: from ([0-9]{1,9}(?:\.[0-9]{1,6})?))? needs ([0-9])")
_PERSON = re.compile(r"([A-Za-z][A-Za-z0-9._-]{0,39})=([!-~]{1,400})")
_IDENTITY = re.compile(r"(os|token|text|telegram):[A-Za-z0-9+][A-Za-z0-9._@+-]{0,63}")


def read_bands(raw: object, most: int) -> tuple[Band, ...]:
    """`open from 50.00 needs 2`: an action, the worst loss from which it holds, how many people."""
    found: list[Band] = []
    for number, text in enumerate(_texts(raw, most), start=1):
        match = _BAND.fullmatch(text)
        if match is None or not 1 <= int(match[3]) <= PEOPLE_MOST:
            raise Unfit(f"entry {number} is not an action, perhaps `from` an amount, and `needs` 1 to {PEOPLE_MOST}")
        band = Band(match[1], parse_micros(match[2] or "0"), int(match[3]))  # type: ignore[arg-type]
        if any((other.action, other.loss) == (band.action, band.loss) for other in found):
            raise Unfit(f"entry {number} begins where another one begins")
        found.append(band)
    return tuple(found)


def read_people(raw: object, most: int) -> tuple[Person, ...]:
    """No identity belongs to two people, and nobody stands there twice, not in other letters either: else one of them
    could count as two."""
    found: list[Person] = []
    for number, text in enumerate(_texts(raw, most), start=1):
        match = _PERSON.fullmatch(text)
        identities = tuple(match[2].split(",")) if match else ()
        if match is None or not all(_IDENTITY.fullmatch(one) for one in identities):
            raise Unfit(f"entry {number} is not a name, `=`, and identities such as os:ada or token:phone")
        names = {person.name.casefold() for person in found}
        known = {one for person in found for one in person.identities}
        if match[1].casefold() in names or len({*identities} - known) < len(identities):
            raise Unfit(f"entry {number} repeats a name or an identity")
        found.append(Person(match[1], identities))
    return tuple(found)


def _texts(raw: object, most: int) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(one, str) for one in raw):
        raise Unfit(f"it is {type_word(raw)}, not a list of texts" if not isinstance(raw, list) else "not all is text")
    if len(raw) > most:
        raise Unfit(f"it holds {len(raw)} entries")
    return raw
