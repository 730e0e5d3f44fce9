"""The outermost layer of every page: its request id, its line in the log, its measures."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponseBase

from songhe.base.health import web
from songhe.kernel.ids import uuid7

GetResponse = Callable[[HttpRequest], HttpResponseBase]
HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
_PHONE = re.compile(r"1[3-9]\d{9}|\d{15,18}[\dXx]?")
_LOUD = 500
log = structlog.get_logger("songhe.web")


class _Count:
    """Counts the queries of one request."""

    def __init__(self) -> None:
        self.queries = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.queries += 1
        return execute(sql, params, many, context)


class Observed:
    """Names each request, counts and times it, and writes its one line.

    The line has route name, status, milliseconds, queries and the actor's id: never an address
    with its question, never a name.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request_id_of(request)
        request.request_id = name  # type: ignore[attr-defined]
        count, began_s = _Count(), time.perf_counter()
        with (
            structlog.contextvars.bound_contextvars(request_id=name),
            web.RUNNING.track_inprogress(),
        ):
            try:
                with connection.execute_wrapper(count):
                    response = self.get_response(request)
            except Exception:  # the page that says "something went wrong" failed as well
                self._note(request, 500, time.perf_counter() - began_s, count.queries)
                raise
            spent_s = time.perf_counter() - began_s
            response.headers[HEADER] = name
            self._note(request, response.status_code, spent_s, count.queries)
        return response

    def _note(self, request: HttpRequest, status: int, spent_s: float, queries: int) -> None:
        match = request.resolver_match
        route = (match.view_name if match else "") or "none"
        web.REQUESTS.labels(route, request.method or "", str(status)).inc()
        web.SECONDS.labels(route).observe(spent_s)
        web.QUERIES.labels(route).inc(queries)
        if status >= _LOUD and status != 503:
            web.FAULTS.inc()
        say = log.info if settings.LOG_REQUESTS else log.debug
        say(
            "request",
            route=route,
            method=request.method,
            status=status,
            ms=round(spent_s * 1000, 1),
            queries=queries,
            actor=_actor(request),
        )


def request_id_of(request: HttpRequest) -> str:
    """Return the id that the asker gave (a proxy's), or a new one; one that names nobody."""
    given = request.headers.get(HEADER, "")
    fits = _GIVEN.fullmatch(given) and not _PHONE.fullmatch(given)
    return given if fits else str(uuid7())


def _actor(request: HttpRequest) -> str:
    """Return the id of who asked; asks no database for it."""
    user = getattr(request, "_cached_user", None)
    return str(user.pk) if user is not None and user.pk is not None else ""
