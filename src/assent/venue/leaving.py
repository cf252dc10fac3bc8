"""What is about to leave, read back from its very bytes: the second reading, whoever wrote them and for which venue.

An approval is worth as much as the promise that what was approved is what is sent. The writers of a wire may have a
bug, memory may fail, somebody may tamper; so the bytes are read once more, by other code than wrote them, after the
last hand has been on them. Every reader here is strict: what is not written in the one canonical way is refused, also
where the venue would take it for the same.

What a request says of a venue's own matters is read beside that venue's wire; see `venue.kalshi.readback`.
"""

import re
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from assent.model.orders import Order
from assent.model.text import shown
from assent.venue.transport import Leaving, Request, Stays

T = TypeVar("T")
Headers = tuple[tuple[str, str], ...]

# Nobody reads these bytes before they leave.
NO_READER: Final = "no_reader"
# Who stands at the other end of a transport that never leaves this process.
IN_MEMORY: Final = "http://venue.test:80"

# What a transport may ask for by itself: an answer that is packed.
_PACKED: Final[Headers] = (("accept-encoding", "gzip"),)
_PORTS: Final[Mapping[str, int]] = {"https": 443, "http": 80}
# The whole head at once: no blank too many, no folded line, nothing but visible ASCII.
_HEAD: Final = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.1(?:\r\n[A-Za-z-]+: [!-~](?:[ -~]*[!-~])?)+")
_encode: Final = msgspec.json.Encoder().encode


def origin_of(address: str) -> str:
    """Scheme, host and port of an address, the port always written."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


def host_of(origin: str) -> str:
    """The one `Host` header that belongs to an origin."""
    scheme, _, netloc = origin.partition("://")
    return netloc.removesuffix(f":{_PORTS[scheme]}")


def read_request(raw: bytes, origin: str) -> Leaving | None:
    """One request in HTTP/1.1, as its bytes say it; None where they are not written as we write one."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if not _HEAD.fullmatch(head):
        return None
    first, *lines = head.decode("ascii").split("\r\n")
    method, target, _ = first.split(" ")
    headers = []
    for line in lines:
        name, _, value = line.partition(": ")
        headers.append((name, value))
    return Leaving(origin, method, target, tuple(headers), body)


def handed_over(request: Request, origin: str = IN_MEMORY) -> Stays | None:
    """Ask about a request that is handed over as it is, without a socket: why it must stay, or None."""
    if request.withheld is None:
        return None if request.method == "GET" else Stays(NO_READER)
    length = str(len(request.body)) if request.body else None
    headers = [("Host", host_of(origin)), *request.headers.items()]
    headers += [("Content-Length", length)] if length else []
    return request.withheld(Leaving(origin, request.method, request.target, tuple(headers), request.body))


def envelope_fault(leaving: Leaving, *, origin: str, method: str, target: str, headers: Headers) -> str:
    """What around the body is not as it was signed: where it goes, its request line, its headers; or nothing. The
    transport's own headers stand around these, and are those that belong to exactly this request."""
    own: Headers = (("Content-Length", str(len(leaving.body))),) if leaving.body else ()
    meant = (("Host", host_of(origin)), *headers, *own)
    found = leaving.headers
    if found[1:2] == _PACKED:
        found = found[:1] + found[2:]
    if leaving[:3] == (origin, method, target) and found == meant:
        return ""
    for what, one, other in zip(("origin", "method", "target"), leaving[:3], (origin, method, target), strict=True):
        if one != other:
            return f"its {what} is {shown(one)}, and {shown(other)} was meant"
    names = " ".join(sorted({name for name, _ in {*found} ^ {*meant}})) or "one stands twice or elsewhere"
    return f"its headers are not those that were made for it: {shown(names)}"


def canonical(body: bytes, decoder: "msgspec.json.Decoder[T]") -> T | None:
    """What a body says, in the one spelling of it; None for anything else: a blank, an escape that none needs, a key
    that stands twice or elsewhere or that is not known, a default that need not be said, bytes after the end.

    The decoder's type is a struct that forbids unknown fields, omits its defaults and has its fields in their order."""
    try:
        found = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    # What a decoder passes over, such as the first of two equal keys, is not there when it is written again.
    return found if _encode(found) == body else None


def difference(released: Order, read: Order) -> str:
    """Which terms in the bytes are others than in the order, with both values; or nothing."""
    return "; ".join(
        f"{name} is {shown(getattr(read, name))} in the bytes, and {shown(getattr(released, name))} was released"
        for name in Order.__struct_fields__
        if getattr(read, name) != getattr(released, name)
    )
