"""How an error is told to people and machines: designed page, htmx fragment, problem details.

Root URLs take `handler400`, `handler403`, `handler404`, `handler500` from here, and the setting
CSRF_FAILURE_VIEW names `csrf_failure`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from songhe.kernel.errors import Denied, Invalid, NotFound, SongheError, Unavailable
from songhe.kit.asks import path_of_page, wants_fragment, wants_json

logger = logging.getLogger("songhe.web")

class BadRequestError(Invalid):
    """The request itself is malformed; no field of a form is to blame."""

    status: ClassVar[int] = 400
    code = "kit.bad_request"
    message = "This request could not be read."


class PageExpired(Denied):
    """The form's token does not match: an old tab, or a form of somebody else's page."""

    code = "kit.page_expired"
    message = "This page was open for too long, or cookies are blocked."


def request_id(request: HttpRequest) -> str:
    """Return the id that names this request in the log and on the error page."""
    return str(getattr(request, "request_id", ""))


def sentence(error: SongheError) -> str:
    """Return the error's sentence in the active language, with its parameters filled in."""
    return _(error.message) % error.params if error.params else _(error.message)


def anticipated(exception: Exception) -> SongheError | None:
    """Return the exception as an anticipated error, None when it is a fault of ours."""
    if isinstance(exception, SongheError):
        return exception if exception.status < 500 or exception.status == 503 else None
    if isinstance(exception, Http404):
        return NotFound()
    if isinstance(exception, PermissionDenied):
        return Denied()
    if isinstance(exception, BadRequest | SuspiciousOperation):
        return BadRequestError()
    if isinstance(exception, OperationalError | InterfaceError):
        return Unavailable()  # the database is away, restarting or full
    return None


def render(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the answer to an exception; a fault is logged once, with the request's id."""
    error = anticipated(exception)
    if error is not None:
        return _answer(request, error.status, error.code, sentence(error), error.params)
    logger.error(
        "fault in %s %s, request %s",
        request.method,
        request.path,
        request_id(request),
        exc_info=exception,
    )
    return fault(request)


def fault(request: HttpRequest) -> HttpResponse:
    """Return the calm 500 page; it touches neither database nor session."""
    said = _("Something went wrong on our side. It has been recorded.")
    return _answer(request, 500, "songhe.fault", said)


def _answer(
    request: HttpRequest,
    status: int,
    code: str,
    said: str,
    params: Mapping[str, Any] | None = None,
) -> HttpResponse:
    response: HttpResponse
    params = params or {}
    if wants_json(request):
        body: dict[str, Any] = {
            "type": "about:blank",
            "status": status,
            "title": said,
            "code": code,
            "request_id": request_id(request),
        }
        body |= {name: params[name] for name in ("field", "errors") if name in params}
        response = JsonResponse(body, status=status, content_type="application/problem+json")
    else:
        context: dict[str, Any] = {
            "status": status,
            "code": code,
            "sentence": said,
            "request_id": request_id(request),
        }
        if wants_fragment(request):
            html = render_to_string("kit/error_fragment.html", context)
            response = HttpResponse(html, status=status)
            response.headers["HX-Reswap"] = "innerHTML"
            response.headers["HX-Retarget"] = "#errors"
            if status in {403, 404} and _renews_its_page(request):
                response.headers["HX-Refresh"] = "true"  # what is closed does not stay on show
        else:
            # Faults are rendered without request: what failed may be what it would ask.
            asker = None if status >= 500 else request
            look = getattr(request, "look", None)
            context["look"] = look
            html = render_to_string("kit/error.html", context, request=asker)
            response = HttpResponse(html, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 405 and "allow" in params:
        response.headers["Allow"] = params["allow"]
    if status == 503:
        response.headers["Retry-After"] = "15"
    add_never_cache_headers(response)
    # Django would log every 4xx and 5xx once more; a fault has its one line already.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _renews_its_page(request: HttpRequest) -> bool:
    """Tell whether a page that stands open asks for itself anew."""
    return request.method == "GET" and urlsplit(path_of_page(request)).path == request.path


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a fault outside of views (Django has logged it already)."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return render(request, error)
    return fault(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token does not match; Django calls this."""
    logger.info("csrf token refused: %s, request %s", reason, request_id(request))
    return render(request, PageExpired())
