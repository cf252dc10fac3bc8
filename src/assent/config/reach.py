"""Where something listens and who may ask it, as a file says it: addresses and networks by number.

A name could be made to lead elsewhere, so none is taken but `localhost`.
"""

from ipaddress import ip_address, ip_network

from assent.config.unfit import Unfit, type_word


def read_host(raw: object) -> str:
    """The one address to listen on."""
    if not isinstance(raw, str):
        raise Unfit(f"it is {type_word(raw)}, not text")
    if raw == "localhost":
        return raw
    try:
        return str(ip_address(raw))
    except ValueError:
        raise Unfit("it is no address by number; a name could be made to lead elsewhere") from None


def read_networks(raw: object, most: int) -> tuple[str, ...]:
    """Addresses and networks, each once."""
    if not isinstance(raw, list):
        raise Unfit(f"it is {type_word(raw)}, not a list")
    if len(raw) > most:
        raise Unfit(f"it holds {len(raw)} entries")
    found: list[str] = []
    for number, text in enumerate(raw, start=1):
        try:
            network = str(ip_network(text)) if isinstance(text, str) else ""
        except ValueError:
            network = ""
        if not network:
            raise Unfit(f"entry {number} is no address and no network, or has bits set beyond its mask")
        if network in found:
            raise Unfit(f"entry {number} stands there twice, so another one may be missing")
        found.append(network)
    return tuple(found)
