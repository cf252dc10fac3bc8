"""What the owner says about the console: where it listens, to whom, under which names, how much it takes.

The defaults serve one person on one machine. Whatever opens it further is checked together, so that no combination
sends a credential over a network in the clear.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from assent.model.errors import AssentError
from assent.model.text import shown
from assent.model.units import SECOND

Network = IPv4Network | IPv6Network

PORT: Final = 8787
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: it holds `burst` requests and gets one back every `every_ns`."""

    burst: int
    every_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Everything that the console's door goes by. Times in nanoseconds, sizes in bytes.

    `allow`: the networks that may ask, judged by the socket's own other end. `hosts`: the names under which the
    console may be called, so that no foreign name can be turned on us. `proxies`: the addresses of reverse proxies
    whose word about the client is believed; `behind_https`: that they speak https to the world.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    allow: tuple[str, ...] = LOOPBACK
    hosts: tuple[str, ...] = HOSTS
    proxies: tuple[str, ...] = ()
    behind_https: bool = False
    certificate: str = ""
    certificate_key: str = ""
    # Room for a hundred programs behind one address that look once a second.
    per_credential: Rate = Rate(300, SECOND // 100)
    per_address: Rate = Rate(600, SECOND // 200)
    body_max: int = 65_536
    body_wait_ns: int = 10 * SECOND
    write_wait_ns: int = 30 * SECOND
    url_max: int = 2_048
    headers_max: int = 16_384
    header_lines_max: int = 64

    def __post_init__(self) -> None:
        for name in ("allow", "proxies"):
            for text in getattr(self, name):
                _network(name, text)
        if bool(self.certificate) != bool(self.certificate_key):
            raise AssentError(
                "The console was given a certificate without its key, or a key without its certificate. It would have"
                " to speak in the clear. Give both `certificate` and `certificate_key`, or neither."
            )
        if not _is_loopback(self.host) and not self.secure:
            raise AssentError(
                f"The console would listen on {shown(self.host, 60)}, which others can reach, and send tokens in the"
                " clear. Keep `host` at 127.0.0.1 and go there through ssh, or give `certificate` and"
                " `certificate_key`, or name the `proxies` that speak https for it with `behind_https = true`."
            )

    @property
    def secure(self) -> bool:
        """Whether browsers speak https to it."""
        return bool(self.certificate) or (self.behind_https and bool(self.proxies))

    @property
    def cookie(self) -> str:
        """The session's cookie. Cookies know no ports, so that of another desk on this machine has another name."""
        return f"__Host-assent-{self.port}" if self.secure else f"assent-{self.port}"

    def networks(self) -> tuple[Network, ...]:
        return tuple(_network("allow", text) for text in self.allow)

    def proxy_networks(self) -> tuple[Network, ...]:
        return tuple(_network("proxies", text) for text in self.proxies)


def _network(name: str, text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise AssentError(
            f"`{name}` of the console names {shown(text, 60)}, which is no address and no network. Who may ask would"
            " be a guess. Write it as 192.168.1.20 or 192.168.1.0/24."
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
