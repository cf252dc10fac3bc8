"""Where a request comes from, and whether it was meant for us: address, host name, origin.

The socket's own other end is what counts. A header that says otherwise is believed only from a proxy that the owner
named, and then only its last word that is not a proxy's own. A name that is not ours is refused: a page elsewhere may
have its own name point at this machine (DNS rebinding).
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from assent.console.guard.refusals import Refused
from assent.console.guard.settings import Network, WebSettings
from assent.model.text import shown

Address = IPv4Address | IPv6Address
SAFE: Final = frozenset(("GET", "HEAD"))
# What one person's network may hold of the newer addresses: to count each alone would count nobody.
V6_PREFIX: Final = 64


class Whence:
    """The judge of addresses, hosts and origins for one setting."""

    def __init__(self, settings: WebSettings) -> None:
        self._allowed = settings.networks()
        self._proxies = settings.proxy_networks()
        self._hosts = frozenset(name.lower() for name in settings.hosts)
        self._scheme = "https" if settings.secure else "http"

    def address(self, peer: str | None, forwarded: Sequence[str]) -> Address:
        """Who asks; refused when it may not."""
        address = _parsed(peer)
        if address is not None and _within(address, self._proxies):
            address = self._told(forwarded)
        if address is None or not _within(address, self._allowed):
            raise Refused("address_refused", f"requests from {address or 'an unknown address'} are not taken here")
        return address

    def _told(self, forwarded: Sequence[str]) -> Address | None:
        """The last address that our proxies added and that is not one of themselves."""
        for text in reversed([part.strip() for line in forwarded for part in line.split(",")]):
            address = _parsed(text)
            if address is None or not _within(address, self._proxies):
                return address
        return None

    def host(self, values: Sequence[str]) -> str:
        """The host that was called, with its port; refused unless there is exactly one and it is ours."""
        if len(values) == 1 and _name_of(values[0]) in self._hosts:
            return values[0].lower()
        called = shown(values[0], 60) if len(values) == 1 else f"{len(values)} hosts"
        raise Refused("host_refused", f"the request calls {called}, which is not a name of this console")

    def same_site(self, method: str, headers: Mapping[str, str], host: str) -> None:
        """That a browser sends this from a page of ours. For requests that a cookie alone stands for.

        Our pages send no referrer, so browsers give the origin of their forms as "null"; then only the browser's own
        word on the site counts. One that says neither is refused.
        """
        site = headers.get("sec-fetch-site", "")
        if method in SAFE:
            if site in ("", "same-origin", "none"):
                return
        elif headers.get("origin", "null") == f"{self._scheme}://{host}":
            if site in ("", "same-origin"):
                return
        elif headers.get("origin", "null") == "null" and site == "same-origin":
            return
        raise Refused("origin_refused", "the browser does not say that this request comes from a page of this console")


def counted_as(address: Address) -> str:
    """Under which name an address is counted."""
    if isinstance(address, IPv6Address) and not address.is_loopback:
        return f"{IPv6Address(int(address) >> (128 - V6_PREFIX) << (128 - V6_PREFIX))}/{V6_PREFIX}"
    return str(address)


def _parsed(text: str | None) -> Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _name_of(host: str) -> str:
    """The name without its port."""
    name, colon, port = host.lower().rpartition(":")
    if colon and port.isascii() and port.isdigit():
        return name
    return host.lower()
