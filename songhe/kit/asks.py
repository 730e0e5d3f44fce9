"""Who asks, and for what: a whole page, a fragment for htmx, or JSON; and where it came from."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from songhe.base.access.actor import Actor
from songhe.base.access.machines import is_for_machines


def actor_of(request: HttpRequest) -> Actor:
    """Return who asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def wants_fragment(request: HttpRequest) -> bool:
    """Tell whether htmx asks for a piece of a page (a boosted link asks for a whole one)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-Boosted") != "true"


def wants_json(request: HttpRequest) -> bool:
    """Tell whether the client prefers JSON to HTML (no browser does), or asks the API."""
    if is_for_machines(request):
        return True
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def path_of_page(request: HttpRequest) -> str:
    """Return the path of the page that the person looks at, "" when there is none to go back to."""
    if wants_fragment(request):
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
        here = parts.path + (f"?{parts.query}" if parts.query else "")
        return safe_path(request, here)
    return request.get_full_path() if request.method in {"GET", "HEAD"} else ""


def safe_path(request: HttpRequest, target: str) -> str:
    """Return the target when it stays on this host, else ""."""
    ok = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if ok else ""
