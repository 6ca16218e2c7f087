"""Decide which Host headers the local stack answers.

A page on the internet can let its own name resolve to this machine (DNS rebinding) and would then have the origin of the
local stack. Its requests carry that name, so only names and addresses of this machine and its network are answered.
"""

import ipaddress
import re
import socket

_HOST = re.compile(r"(?:\[([0-9a-f:.%]+)\]|([^\[\]:/@\s]+))(?::[0-9]{1,5})?", re.IGNORECASE)
# Addresses of shared networks, such as those that virtual private networks give (RFC 6598).
_SHARED = ipaddress.ip_network("100.64.0.0/10")


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine, or an address that only a private network has."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = (found[1] or found[2]).lower().removesuffix(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name in own_names()
    shared = address.version == 4 and address in _SHARED
    return address.is_loopback or address.is_private or address.is_link_local or shared


def own_names() -> set[str]:
    """Return the names of this machine, in lower case: with its domain, without, and in the local network (RFC 6762)."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {"localhost", name, short, f"{short}.local"}
