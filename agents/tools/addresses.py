"""Which addresses may be reached from here: the public internet alone.

Python's `is_global` takes 192.0.0.192, NAT64 and 6to4 for public, so the list is our own. It is asked of the address a
name was resolved to, in its normal form, and the connection goes to that very address: a name that answers differently
the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from .context import ToolError

DENIED = tuple(
    ip_network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32"),  # the last is Azure's own service, public in form
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23"),
        *("2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)
PLACE = "That address cannot be reached from here."
"""The same sentence for a private address and for a name that does not exist: nobody maps a network with it."""


def is_public(text: str) -> bool:
    """Whether a resolved address, with or without a zone, belongs to the public internet."""
    try:
        address = normal(text)
    except ValueError:
        return False
    return not any(address in net for net in DENIED if net.version == address.version)


def normal(text: str) -> IPv4Address | IPv6Address:
    """Without its zone, and as IPv4 where it is one in the clothes of IPv6."""
    address = ip_address(text.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


async def resolved(host: str, port: int) -> str:
    """An address of this host that may be connected to. Raises ToolError unless *all* of its addresses are public."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise ToolError(PLACE) from None
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(map(is_public, addresses)):
        raise ToolError(PLACE)
    return str(normal(addresses[0]))
