"""Identities that are derived, never drawn: the same decision always gets the same name, and no other does.

All of them hang on the ledger id, 80 random bits that enter with the first record. A new ledger on the same account
therefore never repeats an id that the venue has seen. Randomness itself stays outside.
"""

from hashlib import sha256

# Crockford's base 32 without I, L, O, U: what a log shows is what a person can read out.
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
# 31 symbols, a prime, none of which is taken for another on a phone: 0/O, 1/I/L are left out.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 6
LEDGER_ID_BYTES = 10
# So many codes there are without their check symbol; all digits that a code shows are in the rest by this number.
_CODES = len(CODE_ALPHABET) ** (CODE_LENGTH - 1)


def _digest(*parts: str) -> str:
    """SHA-256 over length-prefixed parts, so that ("ab","c") and ("a","bc") differ."""
    return sha256("".join([f"{len(part)}:{part}" for part in parts]).encode()).hexdigest()


def ledger_id(entropy: bytes) -> str:
    """Sixteen symbols for exactly 80 bits."""
    if len(entropy) != LEDGER_ID_BYTES:
        raise ValueError(f"a ledger id needs {LEDGER_ID_BYTES} bytes of entropy, got {len(entropy)}")
    number = int.from_bytes(entropy, "big")
    return "".join(_BASE32[number >> shift & 31] for shift in range(75, -5, -5))


def intent_id(ledger: str, strategy: str, instrument: str, side: str, decision: int) -> str:
    """The name of one decision: `i-` and 64 bits."""
    return "i-" + _digest("intent", ledger, strategy, instrument, side, str(decision))[:16]


def idea_key(ledger: str, strategy: str, cycle: int, idea: str) -> str:
    """What breaks a tie between the ideas of one cycle: by what they are, never by the order in which they came."""
    return _digest("idea", ledger, strategy, str(cycle), idea)


def client_order_id(
    ledger: str,
    venue: str,
    account: str,
    intent: str,
    attempt: int,
    instrument: str,
    side: str,
    price: int,
    qty: int,
) -> str:
    """The identity under which an order reaches the venue, shaped like a UUID (venues advise it; no dots)."""
    numbers = f"{attempt} {price} {qty}"
    hexed = _digest("order", ledger, venue, account, intent, instrument, side, numbers)
    return f"{hexed[:8]}-{hexed[8:12]}-{hexed[12:16]}-{hexed[16:20]}-{hexed[20:32]}"


def human_code(intent: str) -> str:
    """Six symbols that a person can read out: five of the intent id's hash, one that catches a slip.

    The check symbol is a weighted sum modulo 31. Because 31 is prime it finds every single wrong symbol and every
    swap of two different ones.
    """
    number = int(intent.removeprefix("i-"), 16) % _CODES
    digits = []
    for _ in range(CODE_LENGTH - 1):
        number, digit = divmod(number, len(CODE_ALPHABET))
        digits.append(digit)
    return "".join([CODE_ALPHABET[digit] for digit in digits]) + _check_symbol(digits)


def is_human_code(text: str) -> bool:
    """Right length, right alphabet, right check symbol."""
    if len(text) != CODE_LENGTH or any(symbol not in CODE_ALPHABET for symbol in text):
        return False
    digits = [CODE_ALPHABET.index(symbol) for symbol in text[:-1]]
    return text[-1] == _check_symbol(digits)


def _check_symbol(digits: list[int]) -> str:
    total = 0
    for place, digit in enumerate(digits, start=2):
        total += place * digit
    return CODE_ALPHABET[-total % len(CODE_ALPHABET)]
