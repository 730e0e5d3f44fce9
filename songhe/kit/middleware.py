"""Two layers round every page: language and look from cookies; errors rendered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import trans_real

from songhe.base.access.machines import is_for_machines
from songhe.base.audit.services import record_refusal
from songhe.kernel.errors import Denied, NotFound, SongheError
from songhe.kernel.ids import uuid7
from songhe.kit import errors
from songhe.kit.api.operations import operation_of
from songhe.kit.look import LANGUAGE_COOKIE, Look
from songhe.kit.screens import screen_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class LocaleAndLook:
    """Give each request its id, its language (Chinese unless chosen otherwise) and its look."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.languages = {code for code, _ in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        by_header = is_for_machines(request)
        asked = _accepted(request) if by_header else request.COOKIES.get(LANGUAGE_COOKIE, "")
        language = asked if asked in self.languages else settings.LANGUAGE_CODE
        if not errors.request_id(request):
            request.request_id = str(uuid7())  # type: ignore[attr-defined]
        request.look = Look.from_cookies(request.COOKIES)  # type: ignore[attr-defined]
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        response.headers["X-Request-ID"] = errors.request_id(request)
        patch_vary_headers(response, ("Accept-Language",) if by_header else ("Cookie",))
        return response


def _accepted(request: HttpRequest) -> str:
    """Return the first of our languages that a machine's Accept-Language wants, "" for none."""
    wanted = trans_real.parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200])
    ours = {"zh": "zh-hans", "en": "en"}
    return next((ours[code[:2]] for code, _q in wanted if code[:2] in ours), "")


class Errors:
    """Turn what a view raises into a designed page, a fragment or problem details, once."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse a NUL wherever it stands: nobody types one, and the database takes none."""
        sent = [request.path_info, *_values(request.GET)]
        if not is_for_machines(request):  # those send JSON, which their schemas look at
            sent += _values(request.POST)
        if any("\0" in one for one in sent):
            return errors.render(request, errors.BadRequestError())
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:
        if isinstance(exception, Denied | NotFound):
            _audit(request, exception)
        return errors.render(request, exception)


def _values(sent: QueryDict) -> Iterator[str]:
    for name, values in sent.lists():
        yield name
        yield from values


def _audit(request: HttpRequest, refusal: SongheError) -> None:
    """Keep what the answer hides: that somebody was refused, and whether 403 or 404."""
    actor = getattr(request, "actor", None)
    here = screen_of(request) or operation_of(request)
    if actor is None or not actor.is_authenticated or here is None:
        return
    record_refusal(
        actor=actor,
        action=here.action or here.name,
        path=request.path,
        code=refusal.code,
        at=timezone.now(),
    )
