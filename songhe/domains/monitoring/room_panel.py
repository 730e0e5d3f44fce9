"""The room that a person is in, beside her."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import room_reads
from songhe.domains.monitoring.room_reads import RoomNow
from songhe.domains.people.selectors import PersonView
from songhe.kit import formats

_MOST = 0.99


def room_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Say in which room a person with a tag is; nothing without one or where it is not open."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = room_reads.room_of(actor, person, at=timezone.now())
    if found is None:
        return None
    clock = formats.clock(found.since)
    context = {
        "said": said(found),
        "sure": _("Certainty %(percent)d %%, by how much louder its beacon is than the others.")
        % {"percent": round(100 * min(found.certainty, _MOST))},
        "silent": _("The tag has heard no beacon since %(time)s.") % {"time": clock},
    }
    return render_to_string("monitoring/panels/room.html", context, request=request)


def said(found: RoomNow) -> str:
    """Return the room and since when in a sentence; empty where it is not known."""
    if not found.room:
        return ""
    values = {"room": found.room, "time": formats.clock(found.since)}
    if found.at_least:
        return _("%(room)s, since %(time)s or longer.") % values
    return _("%(room)s, since %(time)s.") % values
