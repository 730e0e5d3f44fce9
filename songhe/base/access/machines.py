"""Where machines ask: requests under API know their caller by a key, all others by a session."""

from __future__ import annotations

from django.http import HttpRequest

API = "/api/"


def is_for_machines(request: HttpRequest) -> bool:
    """Tell whether a request goes to the API, where keys are good and sessions are not."""
    return request.path.startswith(API)


def key_in(request: HttpRequest) -> str:
    """Return what stands behind `Authorization: Bearer`, "" without it."""
    scheme, _sep, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
