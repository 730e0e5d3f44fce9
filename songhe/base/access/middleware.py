"""Gives every request its actor: roles and grants as they are at this moment."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from songhe.base.access.actor import ANONYMOUS, Actor
from songhe.base.access.services import actor_for


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        def load() -> Actor:
            if not request.user.is_authenticated:
                return ANONYMOUS
            return actor_for(
                request.user,
                timezone.now(),
                locale=get_language() or "zh-hans",
                request_id=getattr(request, "request_id", ""),
            )

        request.actor = SimpleLazyObject(load)  # type: ignore[attr-defined]
        return self.get_response(request)
