"""What services put on the first page: who comes next, and large squares for older people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.panels import own_reads
from songhe.kit.asks import actor_of

SEES = terms.ASK


def next_service(request: HttpRequest, _obj: Any = None) -> SafeString | None:
    """Return who comes next, the nearest alone; nothing to who has no people of her own."""
    actor, now = actor_of(request), timezone.now()
    if not own_reads.has_own(actor):
        return None
    found = own_reads.ahead(actor, at=now, limit=1)
    context = {"one": found[0] if found else None, "now": now}
    return render_to_string("family/next.html", context, request=request)


def squares(request: HttpRequest, _obj: Any = None) -> SafeString | None:
    """Return what an older person may press: order, one's services, call the centre."""
    persons = own_reads.persons(actor_of(request))
    if not persons:
        return None
    _region, centre = own_reads.centre_of(persons[0], at=timezone.now())
    return render_to_string("family/squares.html", {"centre": centre}, request=request)
