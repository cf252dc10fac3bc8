"""What an assent is bound to: one digest over the exact orders and everything that gives them their meaning.

The account, the world and the mode that they are for, the limits in force, and each order as it would be sent: its
instrument, side, limit price, size, time in force, expiry, attempt. Change any of them and the digest is another one.
The approver sees it, the ledger keeps it, and the executor works it out again from what is about to leave.
"""

from hashlib import sha256

from assent.model.facts import LedgerOpened

_DOMAIN = b"assent to exactly these orders, 1"


def terms_digest(seal: LedgerOpened, orders: tuple[str, ...]) -> str:
    """`orders` are the digests of the orders that one release states, in their order; for a cancel the digest of the
    order that is to be taken off the book."""
    parts = (
        seal.ledger_id, seal.mode, seal.venue, seal.environment, seal.account, seal.constitution_digest, *orders,
    )  # fmt: skip
    hashed = sha256(_DOMAIN)
    for part in parts:
        said = part.encode()
        hashed.update(len(said).to_bytes(4, "big") + said)
    return hashed.hexdigest()
