"""Who is asking: the network address that limits are counted by."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from flask import Request

_AROUND = ((56, 4), (48, 16))  # prefix, times
_Address = IPv4Address | IPv6Address


def client_of(request: Request, trusted_proxies: Sequence[str]) -> str:
    """The bucket of the caller: an IPv4 address, or the /64 of an IPv6 one; ``"unknown"`` without a socket.

    Forwarding headers count only behind a trusted proxy, read from the right up to the first address that is
    not one of them.
    """
    address = _parse(request.remote_addr or "")
    if address is None:
        return "unknown"
    trusted = [ip_network(network, strict=False) for network in trusted_proxies]
    hops = [part for header in request.headers.getlist("X-Forwarded-For") for part in header.split(",")]
    for hop in reversed(hops):
        if not any(address in network for network in trusted):
            break
        forwarded = _parse(hop)
        if forwarded is None:
            break
        address = forwarded
    return bucket(address)


def bucket(address: _Address) -> str:
    """IPv4 /32, IPv6 /64; an IPv4 address mapped into IPv6 is the IPv4 address."""
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))


def wider(named: str) -> list[tuple[str, int]]:
    """The networks around an IPv6 bucket, each with how many times as much may come from it; none around IPv4's.

    Whoever rents a server is given a /56 or a /48, thousands of buckets.
    """
    if ":" not in named:
        return []
    network = IPv6Network(named)
    return [(str(network.supernet(new_prefix=prefix)), times) for prefix, times in _AROUND]


def _parse(text: str) -> _Address | None:
    text = text.strip().split("%")[0]
    if text.startswith("["):
        text = text[1:].split("]")[0]
    elif text.count(":") == 1:
        text = text.split(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
