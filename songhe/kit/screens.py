"""screen(): the only way to a route. Who may enter, and where the menu shows it, are said there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Any, Protocol, cast
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.generic import View

from songhe.base.accounts.proofs import is_fresh
from songhe.kernel.errors import Denied
from songhe.kit.asks import path_of_page, safe_path, wants_fragment, wants_json

ViewFunction = Callable[..., HttpResponseBase]
ACTION = re.compile(r"^[a-z]+\.[a-z]+(_[a-z]+)*$")


class ScreenDenied(Denied):
    """The actor's roles do not carry the action of the screen."""

    code = "kit.screen_denied"
    message = "Your role does not open this page."


class MayActor(Protocol):
    """What the kit relies on of songhe.base.access.Actor."""

    @property
    def is_authenticated(self) -> bool: ...
    def may(self, action: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Menu:
    """A place in a menu. `label` is lazily translated, `icon` a Lucide name."""

    section: str
    label: Any
    icon: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class Screen:
    """A route as it was declared; `route` and `name` are whole once the URLconf is walked."""

    route: str
    name: str
    action: str | None
    public: bool
    menu: Menu | None
    section: str | None
    view: str
    fresh: bool = False

    @property
    def has_parameters(self) -> bool:
        return "<" in self.route


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of a menu as an actor sees it."""

    label: Any
    icon: str
    url: str
    section: str
    order: int


def screen(
    route: str,
    view: type[View] | ViewFunction,
    *,
    action: str | None = None,
    name: str | None = None,
    menu: Menu | None = None,
    public: bool = False,
    section: str | None = None,
    fresh: bool = False,
) -> URLPattern:
    """Return the URL pattern of a page that only roles with `action` may open.

    `public=True` is for sign-in, health and static pages alone. `section` names the menu that
    the page shows when it stands in none itself. `fresh=True` is for sensitive pages and acts:
    who proved the account more than ten minutes ago is asked again first. Raises
    ImproperlyConfigured when neither or both of action and public are given, when a menu entry
    would need parameters, or when a public page wants a fresh proof.
    """
    if public == (action is not None):
        raise ImproperlyConfigured(f"screen {route!r}: give an action, or public=True, not both")
    if action is not None and not ACTION.match(action):
        raise ImproperlyConfigured(f"screen {route!r}: {action!r} is not domain.verb_noun")
    if menu is not None and "<" in route:
        raise ImproperlyConfigured(f"screen {route!r}: a menu entry has no parameters")
    if public and fresh:
        raise ImproperlyConfigured(f"screen {route!r}: nobody has proved anything on a public page")
    title = view.__name__
    inner = cast("type[View]", view).as_view() if isinstance(view, type) else view
    declared = Screen(
        route=route,
        name=name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title).lower(),
        action=action,
        public=public,
        menu=menu,
        section=section or (menu.section if menu else None),
        view=f"{view.__module__}.{title}",
        fresh=fresh,
    )
    return path(route, _guarded(inner, declared), name=declared.name)


def _guarded(inner: ViewFunction, declared: Screen) -> ViewFunction:
    @wraps(inner)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if declared.action is None:
            return inner(request, *args, **kwargs)
        actor: MayActor | None = getattr(request, "actor", None)
        if actor is None or not actor.is_authenticated:
            return _to_sign_in(request)
        if not actor.may(declared.action):
            raise ScreenDenied(action=declared.action)
        if declared.fresh and not is_fresh(request.session, at=timezone.now()):
            return _to_proof(request)
        response = inner(request, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    guarded.screen = declared  # type: ignore[attr-defined]
    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    return _led_to(request, settings.LOGIN_URL, path_of_page(request), "kit.not_signed_in")


def _to_proof(request: HttpRequest) -> HttpResponse:
    """Lead to the page that asks again, and from there back to the page (never to a sent form)."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    page = path_of_page(request) or safe_path(request, came_from.path)
    return _led_to(request, settings.PROVE_URL, page, "kit.proof_needed")


def _led_to(request: HttpRequest, where: str, back: str, code: str) -> HttpResponse:
    """Return the way to a page in the form that the asker understands, with the way back."""
    address = f"{where}?{urlencode({'next': back})}" if back else where
    if wants_fragment(request):
        return HttpResponse(status=401, headers={"HX-Redirect": address})
    if wants_json(request):
        body = {"type": "about:blank", "status": 401, "title": "Unauthorized", "code": code}
        return JsonResponse(body, status=401, content_type="application/problem+json")
    return HttpResponseRedirect(address)


def screen_of(request: HttpRequest) -> Screen | None:
    """Return the screen that answers this request, None when the address leads nowhere."""
    match = getattr(request, "resolver_match", None)
    return getattr(match.func, "screen", None) if match else None


def all_screens() -> tuple[Screen, ...]:
    """Return every screen of the installed URLconf with its whole route and qualified name."""
    return _walk(get_resolver())[0]


def stray_routes() -> tuple[str, ...]:
    """Return the routes made neither by screen() nor as operations; a test holds it empty."""
    return _walk(get_resolver())[1]


@lru_cache(maxsize=4)
def _walk(resolver: URLResolver) -> tuple[tuple[Screen, ...], tuple[str, ...]]:
    found: list[Screen] = []
    stray: list[str] = []
    for route, namespace, pattern in patterns(resolver, "", ""):
        declared: Screen | None = getattr(pattern.callback, "screen", None)
        if hasattr(pattern.callback, "operations"):
            continue
        if declared is None:
            stray.append(route)
        else:
            found.append(replace(declared, route=route, name=namespace + declared.name))
    return tuple(found), tuple(stray)


def patterns(
    resolver: URLResolver, route: str, namespace: str
) -> Iterator[tuple[str, str, URLPattern]]:
    """Yield every pattern below a resolver with its whole route and the names before its own."""
    for entry in resolver.url_patterns:
        whole = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry, whole, inner)
        else:
            yield whole, namespace, entry


def menu_for(actor: MayActor, section: str) -> list[MenuEntry]:
    """Return the entries of a menu section that the actor may open, in order."""
    entries = [
        MenuEntry(s.menu.label, s.menu.icon, reverse(s.name), s.menu.section, s.menu.order)
        for s in all_screens()
        if s.menu is not None
        and s.menu.section == section
        and (s.public or (s.action is not None and actor.may(s.action)))
    ]
    return sorted(entries, key=lambda entry: (entry.order, entry.url))


def menu_sections() -> tuple[str, ...]:
    """Return the names of all menu sections that some screen stands in."""
    return tuple(sorted({s.menu.section for s in all_screens() if s.menu is not None}))
