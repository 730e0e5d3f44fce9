"""Broken glass: finding a person by an exact number, opening her, and telling who watches."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import override

from songhe.base.access import giving, wall
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.consent import emergencies
from songhe.base.consent.models import Emergency
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.kernel.errors import Invalid

OFFICER = "privacy_officer"
_NUMBER = re.compile(r"[0-9]{17}[0-9X]|1[0-9]{10}|0[0-9]{9,11}")


class NotComplete(Invalid):
    code = "security.number_not_complete"
    message = "Enter the whole number: 18 characters of the ID number, or all of the telephone."


def look_up(*, actor: Actor, number: str, at: datetime) -> PersonView | None:
    """Return the person with exactly this ID number or telephone, name masked; counted, audited.

    None where nobody has it. Raises Denied, TooManyLookups, NotComplete.
    """
    whole = re.sub(r"[\s-]", "", number).upper()
    if not _NUMBER.fullmatch(whole):
        raise NotComplete(field="number")
    lookup = emergencies.begin_lookup(actor=actor, at=at)
    with wall.lifted():
        found = _by_number(whole, at=at)
        if found is None:
            return None
        emergencies.found(actor=actor, lookup_id=lookup, person_id=found, at=at)
        return people.person_views(actor, [found])[found]


def _by_number(number: str, *, at: datetime) -> UUID | None:
    """Return who has an ID number, or alone has a telephone; the tail's index finds few."""
    known = people.find_by_id_number(SYSTEM, number, at=at)
    if known is not None:
        return known.id
    if not number.isdigit():
        return None
    few = people.choose_persons(SYSTEM, people.VIEW, number)
    fit = [one.id for one in few if people.phone_of(one) == number]
    return fit[0] if len(fit) == 1 else None


def break_glass(
    *, actor: Actor, person_id: UUID, kind: str, reason: str, at: datetime
) -> Emergency:
    """Open a person that the actor has found to her. Raises as base.consent.emergencies."""
    if not emergencies.was_found(actor=actor, person_id=person_id, at=at):
        raise emergencies.NotLookedUp
    with wall.lifted():
        region = people.region_of(person_id=person_id, room_id=None)
    return emergencies.break_glass(
        actor=actor, person_id=person_id, region_code=region, kind=kind, reason=reason, at=at
    )


def tell_officers(*, emergency_id: UUID, region_code: str, late: bool, at: datetime) -> int:
    """Send a short message to every officer of the region; return how many had a number.

    It names nobody: who opens the list sees the rest.
    """
    officers = giving.holders(OFFICER, region_code=region_code, at=at)
    phones = organizations.phones_of({line.user_id for line in officers}, at=at)
    with override("zh-hans"):
        text = (
            _("Songhe: an emergency opening still waits for your review. Please look at the list.")
            if late
            else _("Songhe: somebody opened a person's data in an emergency. Please review it.")
        )
    for phone in phones.values():
        outside.send_message(
            channel=OutsideMessage.Channel.SMS,
            to=phone,
            text=text,
            ref=f"consent.Emergency/{emergency_id}",
            at=at,
        )
    return len(phones)
