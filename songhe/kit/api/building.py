"""The one API object: its addresses, each guarded before anything of the request is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pydantic_core
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern, path
from django.utils.cache import add_never_cache_headers
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation as Bound
from ninja.renderers import BaseRenderer

from songhe.base.access.machines import API
from songhe.kit.api import document, refusals
from songhe.kit.api.operations import Operation, Operations, declared
from songhe.kit.errors import BadRequestError

VERSION = "v1"
MOST_KIB = 64
JSON = "application/json"


class Exact(BaseRenderer):
    """Writes JSON with moments to the microsecond, as they are stored."""

    media_type = JSON

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        return pydantic_core.to_json(data)


class Api(NinjaAPI):
    """The JSON API: every room's operations under /api/v1/, and nothing beside them."""

    def __init__(self, rooms: Iterable[Operations]) -> None:
        super().__init__(
            title="Songhe",
            version=VERSION,
            description=document.ABOUT,
            openapi_url=None,
            docs_url=None,
            urls_namespace="api",
            renderer=Exact(),
        )
        for room in (*rooms, self._about()):
            self.add_router("", room)

    def _about(self) -> Operations:
        about = Operations("About")

        @about.operation("GET", "/openapi.json", public=True, returns=dict[str, Any])
        def get_document(request: HttpRequest) -> HttpResponse:
            """Return this document."""
            return JsonResponse(self.get_openapi_schema())

        return about

    def _get_urls(self) -> list[Any]:
        """Return a guarded pattern an operation; those of one address share the view."""
        found: dict[str, list[URLPattern]] = {}
        for router in self._get_bound_routers():
            views = list(router.path_operations.values())
            for view in views:
                known = {declared(one.view_func).method: one for one in view.operations}
                first = declared(view.operations[0].view_func)
                route = first.route.replace("{", "<").replace("}", ">").lstrip("/")
                if route in found:
                    raise ValueError(f"two rooms have the address {route}")
                guarded = _guarded(view.get_view(), known)
                names = [declared(one.view_func).name for one in view.operations]
                found[route] = [path(route, guarded, name=name) for name in names]
        return [pattern for patterns in found.values() for pattern in patterns]

    def get_root_path(self, path_params: dict[str, Any]) -> str:
        return f"{API}{VERSION}/"

    def get_openapi_schema(self, **_options: Any) -> Any:
        """Return the document of the whole API."""
        return document.completed(document.Document(self, self.get_root_path({})), self._declared())

    def _declared(self) -> dict[str, Operation]:
        return {
            one.operation_id or "": declared(one.view_func)
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for one in view.operations
        }

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """Hand every error on to what renders all errors once."""
        if isinstance(exc, ValidationError):
            raise refusals.bad_values(exc) from None
        if isinstance(exc, HttpError):  # of the library: a body that is no JSON
            raise BadRequestError from exc
        raise exc


def _guarded(
    inner: Callable[..., HttpResponseBase], bound: dict[str, Bound]
) -> Callable[..., HttpResponseBase]:
    """Return the view of an address behind its guard: key, role, then what was sent."""
    known = {method: declared(one.view_func) for method, one in bound.items()}

    def guarded(request: HttpRequest, **parts: Any) -> HttpResponseBase:
        method = request.method or ""
        if method not in known:
            raise refusals.NotAllowed(allow=", ".join(sorted(known)))
        _admit(request, known[method])
        _look_at(request, bound[method])
        response = inner(request, **parts)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    guarded.operations = known  # type: ignore[attr-defined]
    guarded.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie is looked at here
    return guarded


def _admit(request: HttpRequest, operation: Operation) -> None:
    if operation.action is None:
        return
    caller = request.caller()  # type: ignore[attr-defined]
    if caller is None or not caller.actor.is_authenticated:
        raise refusals.NoKey
    if not caller.actor.may(operation.action):
        raise refusals.OperationDenied(action=operation.action)
    if operation.changes and not caller.may_change:
        raise refusals.KeyOnlyReads(action=operation.action)


def _look_at(request: HttpRequest, bound: Bound) -> None:
    """Refuse what no operation reads: it would be thought to have worked."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MOST_KIB * 1024:
        raise refusals.BodyTooLarge(most=MOST_KIB)
    takes = {model.__ninja_param_source__ for model in bound.models}
    if "body" in takes and request.content_type != JSON:
        raise refusals.NotJson
    names, lists = _parameters(bound)
    wrong = [
        {"field": name[:60], "detail": str(refusals.TWICE if name in names else refusals.UNKNOWN)}
        for name, values in request.GET.lists()
        if name not in names or (len(values) > 1 and name not in lists)
    ]
    if wrong:
        raise refusals.BadValues(errors=wrong)


def _parameters(bound: Bound) -> tuple[set[str], set[str]]:
    """Return the names of the parameters behind the question mark, and which may be repeated."""
    names: set[str] = set()
    lists: set[str] = set()
    for model in bound.models:
        if model.__ninja_param_source__ == "query":
            names.update(getattr(model, "__ninja_flatten_map__", model.model_fields))
            lists.update(getattr(model, "__ninja_collection_fields__", ()))
    return names, lists
