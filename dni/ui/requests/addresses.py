"""Where a request comes from."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

__all__ = ["address_of", "host_of", "is_behind_proxy", "is_loopback"]

# Of an IPv6 address with its zone.
LONGEST = 100


def address_of(client: str | None, headers: Mapping[str, str]) -> str | None:
    """Where a request comes from; None if that is not known.

    What a proxy says (the last entry of ``X-Forwarded-For``, which it adds itself) counts where the app runs
    behind one: in a Space, or where ``DNI_BEHIND_PROXY`` is set. Everybody else could invent it.
    """
    if is_behind_proxy():
        client = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return None if client is None or len(client) > LONGEST else plain_address(client)


@lru_cache(maxsize=4096)  # whoever queues a job is compared with all who have
def plain_address(client: str) -> str | None:
    """An address as it is counted."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):  # one household has a whole network of these
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def is_behind_proxy() -> bool:
    """Whether a proxy says who asks."""
    return bool(os.environ.get("SPACE_ID") or os.environ.get("DNI_BEHIND_PROXY"))


def host_of(pair: Any) -> str | None:
    """Of a pair (host, port) of ASGI."""
    return pair[0] if pair else None


def is_loopback(host: str | None) -> bool:
    """Whether this is this machine's own loopback address."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
