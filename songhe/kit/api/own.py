"""Operations about the API itself: whose key it is, and the document."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from songhe.base.access.roles import all_roles
from songhe.kit.api.operations import Operations
from songhe.kit.api.schemas import Answer
from songhe.kit.asks import actor_of

operations = Operations("Key")


class HeldRole(Answer):
    """A role of the account, and where it holds; no prefix is everywhere."""

    role: str
    name: str
    region_prefix: str
    organization_id: UUID | None


class Me(Answer):
    """Whose key this is and what it opens now."""

    user_id: UUID
    name: str
    key_id: UUID
    may_change: bool
    roles: list[HeldRole]
    at: datetime


@operations.operation("GET", "/me", action="home.view", returns=Me)
def get_me(request: HttpRequest) -> Any:
    """Tell whose key this is, which roles its account holds, and whether it may change anything."""
    actor, caller = actor_of(request), request.caller()  # type: ignore[attr-defined]
    english = actor.locale.startswith("en")
    return Me(
        user_id=caller.user.pk,
        name=actor.display_name,
        key_id=caller.key_id,
        may_change=caller.may_change,
        roles=[
            HeldRole(
                role=held.role,
                name=all_roles()[held.role].en if english else all_roles()[held.role].zh,
                region_prefix=held.region_prefix,
                organization_id=held.organization_id,
            )
            for held in actor.roles
        ],
        at=timezone.now(),
    )
