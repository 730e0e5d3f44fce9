"""Small writer of SVG: every attribute and every text is escaped here, nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe


def pct(share: float) -> str:
    """Return a percentage with two decimals, clamped to the drawing."""
    return f"{min(100.0, max(0.0, share)):.2f}%"


def px(length: float) -> str:
    """Return pixels with one decimal and no needless zero."""
    text = f"{length:.1f}"
    return text.removesuffix(".0")


def el(name: str, attributes: Mapping[str, Any], *inner: str | SafeString) -> SafeString:
    """Return one element; plain text inside is escaped, SafeString is taken as it is."""
    # A page has thousands of attributes: Django's escape, which also takes lazy texts, is slower.
    said = "".join([f' {key}="{escape(str(value))}"' for key, value in attributes.items()])
    body = "".join(conditional_escape(piece) for piece in inner)
    if not inner:
        return mark_safe(f"<{name}{said}/>")  # noqa: S308
    return mark_safe(f"<{name}{said}>{body}</{name}>")  # noqa: S308


def group(pieces: Iterable[str | SafeString]) -> SafeString:
    """Return the pieces one after the other, escaped where they are plain text."""
    return mark_safe("".join(conditional_escape(piece) for piece in pieces))  # noqa: S308
