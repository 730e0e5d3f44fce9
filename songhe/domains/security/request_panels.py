"""Reminders of requests: a bar for who handles them, as long as one is late or due soon."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from songhe.base.access.actor import Actor
from songhe.domains.security import request_reads
from songhe.domains.security.workflow import HANDLE
from songhe.kit import slots


def bar(request: HttpRequest, _obj: object = None) -> SafeString | None:
    """Draw the reminder; nothing where nothing is near its deadline."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    late, soon = request_reads.waiting(actor, at=timezone.now())
    if not late and not soon:
        return None
    context = {"late": late, "soon": soon}
    return render_to_string("security/requests/bar.html", context, request=request)


def register() -> None:
    """Put the reminder under the top bar of who handles requests."""
    slots.register("page.bar", 20, bar, action=HANDLE)
