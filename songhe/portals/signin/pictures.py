"""The square picture by which a phone takes over the key of a code app."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe

from songhe.base.accounts import factors
from songhe.base.accounts.models import User


def square_of(user: User, secret: str) -> dict[str, SafeString | str]:
    """Return `square` (a QR code as SVG, black on white in every theme) and `key` to be typed."""
    square = segno.make(factors.address_of(user=user, secret=secret), micro=False)
    drawn = square.svg_inline(
        dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    key = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return {"square": mark_safe(drawn), "key": key}  # noqa: S308 - made of our own key
