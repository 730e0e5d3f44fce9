"""Who may read a process's measures: the machine itself, or who brings the token.

Measures carry no personal data; how busy a county's service is still is nobody else's business.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def token_of(given: str, secret: str) -> str:
    """Return the token that opens /metrics: as given, or derived from the secret; or none ("")."""
    if given or not secret:
        return given
    return hmac.new(secret.encode(), b"songhe /metrics", hashlib.sha256).hexdigest()


def is_admitted(peer: str, headers: Mapping[str, str], token: str) -> bool:
    """Tell whether a reader may have the measures.

    Admitted are: who sends `Authorization: Bearer <token>`, and a reader on this very machine who
    asked for it by its local name. A request that a proxy passed on comes from this machine too:
    it bears a forwarding header or another host name, and needs the token. Names of headers are in
    lower case; `peer` is the address of the other side, "" where it is not known.
    """
    scheme, _, brought = headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return hmac.compare_digest(brought.strip().encode(), token.encode())
    if any(name in headers for name in _FORWARDED):
        return False
    return _is_loopback(peer) and _host(headers.get("host", "")) in _LOCAL_NAMES


def _is_loopback(peer: str) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _host(authority: str) -> str:
    try:
        return (urlsplit(f"//{authority}").hostname or "").lower()
    except ValueError:
        return ""
