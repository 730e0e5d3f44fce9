"""How much may be sent, and how often one sign-in or address may ask: beyond it 413 and 429.

Buckets lie in the memory of each web process: a limit protects the machine, and a table would put a
write under every page to do so. With n processes a limit is up to n times as wide, and a restart
forgets it. What protects accounts (passwords, codes) is counted in the database, by the sign-in.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar, Literal

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from songhe.base.access.machines import is_for_machines
from songhe.kernel.errors import Invalid, SongheError
from songhe.kit import errors

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Whose = Literal["session", "address"]
MOST_BUCKETS = 20_000
# The largest thing that any page takes is a table of 32 MiB; the rest is for the form around it.
MOST_BYTES = 33 * 2**20
LOOPBACK = ("127.", "::1")
log = structlog.get_logger("songhe.web")


@dataclass(frozen=True, slots=True)
class Limit:
    """`per_minute` requests of one session or key, or one address, as many of them at once.

    `routes` are names of screens and operations, none is every one; `methods` those that count.
    """

    name: str
    whose: Whose
    per_minute: int
    routes: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset({"GET", "POST"})


class TooMany(SongheError):
    """The limit of this sign-in or address is used up."""

    status: ClassVar[int] = 429
    code = "kit.too_many"
    message = "That was too often in a short time. Please wait %(seconds)s seconds."


class TooLarge(Invalid):
    """More was sent than any page takes; it was not read."""

    status: ClassVar[int] = 413
    code = "kit.too_large"
    message = "This is larger than %(most)s MiB, which no page here takes."


class Buckets:
    """Token buckets by (limit, key); the least used ones are forgotten first."""

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def wait_s(self, limit: Limit, key: str, now_s: float) -> float:
        """Take one token; return 0, or in how many seconds there will be one."""
        rate = limit.per_minute / 60
        with self._lock:
            left, at_s = self._kept.pop((limit.name, key), (float(limit.per_minute), now_s))
            left = min(float(limit.per_minute), left + max(0.0, now_s - at_s) * rate)
            wait = 0.0 if left >= 1 else (1 - left) / rate
            self._kept[limit.name, key] = (left - 1 if left >= 1 else left, now_s)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._kept)


def key_of(request: HttpRequest, whose: Whose) -> str | None:
    """Return whose bucket a request drinks from; None when the limit does not concern it.

    The address is the connection's, never a header that anybody may write. Behind a proxy of this
    machine all come from the loopback: there the proxy limits addresses.
    """
    if whose == "session" and is_for_machines(request):
        caller = request.caller()  # type: ignore[attr-defined]
        return f"key {caller.key_id}" if caller is not None else None
    if whose == "session":
        user: Any = getattr(request, "user", None)
        return request.session.session_key if user is not None and user.is_authenticated else None
    address = str(request.META.get("REMOTE_ADDR", ""))
    return None if not address or address.startswith(LOOPBACK) else address


class RateLimits:
    """Refuses what is over a limit, before the page does any work."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.limits = tuple(Limit(**given) for given in settings.RATE_LIMITS)
        self.buckets = Buckets()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if _length(request) > MOST_BYTES:
            return errors.render(request, TooLarge(most=MOST_BYTES // 2**20))
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        route = request.resolver_match.view_name if request.resolver_match else ""
        for limit in self.limits:
            if request.method not in limit.methods or (limit.routes and route not in limit.routes):
                continue
            key = key_of(request, limit.whose)
            wait_s = 0.0 if key is None else self.buckets.wait_s(limit, key, time.monotonic())
            if wait_s > 0:
                log.warning("over a limit", limit=limit.name, route=route)
                seconds = int(wait_s) + 1
                response = errors.render(request, TooMany(seconds=seconds))
                response.headers["Retry-After"] = str(seconds)
                return response
        return None


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
