"""Gives every request its actor: roles and grants as they are at this moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from songhe.base.access import api_keys
from songhe.base.access.actor import ANONYMOUS, Actor
from songhe.base.access.machines import is_for_machines, key_in
from songhe.base.access.services import actor_for, actor_of
from songhe.base.access.sessions import SessionStore
from songhe.base.database.base import DatabaseWrapper


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_for_machines(request):
            self._by_key(request)
        else:
            self._by_session(request)
        return self.get_response(request)

    def _by_key(self, request: HttpRequest) -> None:
        """Let the API know its caller by the key alone: a browser's session is nobody there."""

        def load() -> api_keys.Caller | None:
            return api_keys.caller_of(key_in(request), at=timezone.now(), **_words(request))

        known = cache(load)
        request.caller = known  # type: ignore[attr-defined]
        request.user, request.actor = api_keys.lazily(known, AnonymousUser())  # type: ignore[attr-defined]

    def _by_session(self, request: HttpRequest) -> None:
        def load() -> Actor:
            if not request.user.is_authenticated:
                return ANONYMOUS
            session = cast(SessionStore, request.session)
            words = _words(request)
            if session.held is not None and session.account == request.user:
                at, holds = session.held
                return actor_of(request.user, at, holds, **words)
            cast(DatabaseWrapper, connection).stand_as(request.user.pk)  # signed in just now
            return actor_for(request.user, timezone.now(), **words)

        request.actor = SimpleLazyObject(load)  # type: ignore[attr-defined]


def _words(request: HttpRequest) -> dict[str, str]:
    return {
        "locale": get_language() or "zh-hans",
        "request_id": getattr(request, "request_id", ""),
    }
