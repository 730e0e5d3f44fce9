"""Codes at doors: made anew, ended; the clear code leaves this room once and is kept nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.domains.dispatch import places, terms
from songhe.domains.dispatch.models import DoorCode, Order
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict, Denied, NotFound

MAKE, END = "dispatch.make_door_code", "dispatch.end_door_code"
# Who else keeps the codes of which homes: a domain above adds what it knows.
HomesOf = Callable[[Actor], Iterable[UUID]]
_ways: list[HomesOf] = []


class NoSuchHome(NotFound):
    code = "dispatch.no_such_home"
    message = "This home does not exist, or its door is not yours to keep."


class ChangedMeanwhile(Conflict):
    code = "dispatch.door_changed"
    message = (
        "A code was made for this door meanwhile, and its sheet is shown only once. "
        "If it was not printed, make a new one."
    )


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A code just made, in clear: to be printed now."""

    home_id: UUID
    code: str


def open_to(homes_of: HomesOf) -> None:
    """Let keepers of door codes reach further homes, too. Called when an app is ready."""
    _ways.append(homes_of)


def kept_homes(actor: Actor, home_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return of which of these homes the actor keeps the door, with their region codes.

    By region; of one's own organisation the homes that it goes to, or is about to fit.
    """
    wanted = set(home_ids)
    if not wanted or not actor.may(terms.KEEP_DOORS):
        return {}
    with lifted():  # where a home lies in the county; nothing of who lives there
        regions = {pk: home.region_code for pk, home in people.homes_by_id(wanted).items()}
        own = actor.organizations(terms.KEEP_DOORS)
        served: set[UUID] = set()
        if own:
            rows = Order.objects.filter(organization__in=own, home__in=wanted)
            served |= set(rows.values_list("home", flat=True))
    for way in _ways:
        served |= wanted & set(way(actor))
    return {
        pk: region
        for pk, region in regions.items()
        if actor.is_system or actor.covers(terms.KEEP_DOORS, region) or pk in served
    }


@transaction.atomic
def make_door_codes(
    *, actor: Actor, standing: Mapping[UUID, UUID | None], at: datetime
) -> list[MadeCode]:
    """Make codes for doors, all or none; the old ones end. Return them in clear, in order.

    standing: homes, with the code that the actor saw there (None: none): pressed twice, or sent
    again by a reload, nothing is made. Raises Denied, NoSuchHome, ChangedMeanwhile.
    """
    _authorise(actor, standing)
    now = {
        row.home_id: row
        for row in DoorCode.objects.select_for_update().filter(
            home__in=list(standing), ended_at=None
        )
    }
    seen = {pk: row.pk for pk, row in now.items()}
    if any(seen.get(home_id) != code_id for home_id, code_id in standing.items()):
        raise ChangedMeanwhile
    DoorCode.objects.filter(pk__in=list(seen.values())).update(ended_at=at)
    made = [MadeCode(home_id, places.new_door_code()) for home_id in standing]
    try:
        with transaction.atomic():
            DoorCode.objects.bulk_create(
                DoorCode(home_id=one.home_id, digest=places.digest(one.code), made_at=at)
                for one in made
            )
    except IntegrityError:
        raise ChangedMeanwhile from None
    for one in made:
        audit.record_change(actor=actor, action=MAKE, ref=f"people.Home/{one.home_id}", at=at)
    return made


@transaction.atomic
def end_door_code(*, actor: Actor, home_id: UUID, at: datetime) -> bool:
    """Let the code of a door count no more; return whether there was one. Raises as making does."""
    _authorise(actor, [home_id])
    ended = DoorCode.objects.filter(home=home_id, ended_at=None).update(ended_at=at)
    if ended:
        audit.record_change(actor=actor, action=END, ref=f"people.Home/{home_id}", at=at)
    return bool(ended)


def _authorise(actor: Actor, home_ids: Iterable[UUID]) -> None:
    wanted = set(home_ids)
    if not actor.may(terms.KEEP_DOORS):
        raise Denied(action=terms.KEEP_DOORS)
    if set(kept_homes(actor, wanted)) != wanted:
        raise NoSuchHome
