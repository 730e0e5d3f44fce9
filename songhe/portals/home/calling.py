"""An older person calls for help: the foot of her pages, and what is told of her call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from songhe.base.access.actor import Actor
from songhe.domains.dispatch.panels import own_reads
from songhe.domains.monitoring import selectors as monitoring
from songhe.domains.monitoring.selectors import CallState, OwnCall
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import ContactLine
from songhe.kernel.errors import NotFound
from songhe.kit.asks import actor_of
from songhe.portals.home.openings import PERSON_TYPE

ARCS = 5  # one a second
_MOVING = (CallState.WAITING, CallState.RINGING)


class NoCall(NotFound):
    code = "home.no_own_page"
    message = "This page is for older people themselves."


@dataclass(frozen=True, slots=True)
class CallSheet:
    """A call with who helps. help: who goes to her, None while nobody was sent."""

    call: OwnCall
    help: own_reads.OwnService | None
    centre: Organization | None
    centre_name: str
    contacts: list[ContactLine]

    @property
    def state(self) -> str:
        return self.call.state.value

    @property
    def arcs(self) -> list[tuple[int, int]]:
        """Return the arcs of the ring that are left: number, and its turn in degrees."""
        step = 360 // ARCS
        return [(number, number * step - 87) for number in range(min(ARCS, self.call.left_s))]

    @property
    def refresh_s(self) -> int:
        """Return after how many seconds the page asks anew, beside what the stream tells."""
        return 2 if self.call.state in _MOVING else 15


def is_her_own(actor: Actor) -> bool:
    """Tell whether this is an older person's own account; no query."""
    return sum(g.subject_type == PERSON_TYPE and g.purpose == "self" for g in actor.grants) == 1


def call_sheet(actor: Actor, *, at: datetime) -> CallSheet:
    """Return how her call stands. Raises NoCall for an account that is nobody's own."""
    if not is_her_own(actor):
        raise NoCall
    call = monitoring.own_call(actor, at=at)
    person = next(iter(own_reads.persons(actor)), None)
    centre = own_reads.centre_of(person, at=at)[1] if person else None
    contacts = people.contacts_of(actor, person) if person else []
    return CallSheet(
        call=call,
        help=own_reads.help_of(actor, call.alarm_id, at=at) if call.alarm_id else None,
        centre=centre,
        centre_name=organizations.name_of(centre) if centre else "",
        contacts=[line for line in contacts if line.phone][:2],
    )


def foot(request: HttpRequest, _obj: Any = None) -> SafeString | None:
    """Return the large button at the foot of an older person's pages; nothing for anybody else."""
    actor = actor_of(request)
    if not is_her_own(actor):
        return None
    now = timezone.now()
    person = next(iter(own_reads.persons(actor)), None)
    centre = own_reads.centre_of(person, at=now)[1] if person else None
    return render_to_string("home/foot.html", {"centre": centre}, request=request)
