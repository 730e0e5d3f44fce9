"""What every answer says to browsers beyond its page.

`Hardening` stands outside of everything that answers, so that static files and errors have the
headers as well. docs/security/asvs.md names the requirement and the test of each.
"""

from __future__ import annotations

from collections.abc import Callable

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

GetResponse = Callable[[HttpRequest], HttpResponseBase]
# Nothing of the device is asked for but passkeys; autoplay stays, it is the alarm's sound.
_OFF = (
    "accelerometer", "browsing-topics", "camera",
    "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid", "idle-detection",
    "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
_OWN = ("fullscreen", "publickey-credentials-create", "publickey-credentials-get")
HEADERS = {
    "Permissions-Policy": ", ".join(
        [*(f"{name}=()" for name in _OFF), *(f"{name}=(self)" for name in _OWN)]
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
}
# A page sets it while something that was told lies in the browser alone.
UNSENT_COOKIE = f"{settings.COOKIE_PREFIX}songhe_unsent"
# Answers that no page made (a file that is not there, a refused host) still forbid everything.
BARE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Hardening:
    """Headers on every answer; nothing left behind after signing out."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        headers = response.headers
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", BARE_POLICY)
        if is_page(response) and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and not cookie.value:
            # Signed out, or ended elsewhere: what the browser kept of the pages goes as well. What
            # a phone kept and could not send yet stays, until who told it signs in again.
            unsent = request.COOKIES.get(UNSENT_COOKIE)
            headers["Clear-Site-Data"] = '"cache"' if unsent else '"cache", "storage"'
        return response


def is_page(response: HttpResponseBase) -> bool:
    """Tell whether a browser would show an answer as a page."""
    return response.headers.get("Content-Type", "").startswith("text/html")


class PagePolicy(CSPMiddleware):
    """The policy of pages. Data and files are no pages: they keep BARE_POLICY, or their own."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        return super().process_response(request, response) if is_page(response) else response


class LiveSource:
    """Lets a page connect to the event streams of its own host, and nowhere else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not is_page(response):
            return response
        try:
            asked = request.get_host()
        except DisallowedHost:
            return response
        host = asked if asked.endswith("]") else asked.rpartition(":")[0] or asked
        # A policy has no words for an address of IPv6: there the port alone is said.
        host = "*" if host.startswith("[") else host
        source = f"{request.scheme}://{host}:{settings.LIVE_PORT}"
        response._csp_update = {"connect-src": [source]}  # type: ignore[attr-defined]
        return response
