"""Signed short tickets between the web and the event stream: HMAC-SHA256 over a msgspec struct."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec

from songhe.kernel.errors import Denied
from songhe.kernel.wire import LiveTicket


class BadTicket(Denied):
    code = "live.bad_ticket"
    message = "This ticket is not valid any more."


def _key(secret: str) -> bytes:
    return hashlib.sha256(b"songhe.live.ticket\x00" + secret.encode()).digest()


def sign(ticket: LiveTicket, secret: str) -> str:
    """Return a ticket as URL-safe text with its signature."""
    body = base64.urlsafe_b64encode(msgspec.json.encode(ticket)).rstrip(b"=")
    mac = hmac.new(_key(secret), body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode("ascii")


def verify(text: str, secret: str, now_s: float) -> LiveTicket:
    """Return the ticket; raises BadTicket when it was altered, is malformed or has expired."""
    body, _, mac = text.partition(".")
    good = hmac.new(_key(secret), body.encode(), hashlib.sha256).digest()
    try:
        given = base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4))
        if not hmac.compare_digest(good, given):
            raise BadTicket
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        ticket = msgspec.json.decode(raw, type=LiveTicket)
    except (ValueError, msgspec.MsgspecError):
        raise BadTicket from None
    if ticket.exp < now_s:
        raise BadTicket
    return ticket
