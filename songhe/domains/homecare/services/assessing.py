"""The home visit: the ability level with what it rests on, and what the home needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions.days import day_of
from songhe.domains.homecare import terms
from songhe.domains.homecare.equipment import equipment_for
from songhe.domains.homecare.models import Assessment, EquipmentNeed, Fitting, HomeBed
from songhe.domains.homecare.services import telling, visiting
from songhe.domains.homecare.services.common import author, locked, move, noted, sealed
from songhe.domains.homecare.terms import Basis, BedState, Purpose
from songhe.domains.people import services as people
from songhe.domains.people.services import Fact
from songhe.kernel.errors import Invalid

CARE_LEVEL = "care_level"  # the kind of the register


class BadVisit(Invalid):
    code = "homecare.bad_visit"
    message = "The visit lies in the future, or before the application by more than a year."


class BadLevel(Invalid):
    code = "homecare.bad_level"
    message = "The ability level is 0 to 4."


@transaction.atomic
def assess(
    *,
    actor: Actor,
    bed_id: UUID,
    visited_on: date,
    level: int,
    basis: Basis,
    needs: Sequence[str],
    words: str,
    at: datetime,
) -> Assessment:
    """Write down an assessment; it lists the equipment, and its level goes into the register.

    level: GB/T 42195-2022, 0 to 4. A later assessment adds what is newly needed and drops what is
    not any more. Raises BadVisit, BadLevel, UnknownNeed, WordsNeeded, BedIsOver.
    """
    bed = locked(actor, terms.ASSESS, bed_id)
    applied = day_of(bed.applied_at)
    if visited_on > day_of(at) or (applied - visited_on).days > 366:
        raise BadVisit(field="visited_on")
    if not 0 <= level <= 4:
        raise BadLevel(field="level")
    asked = equipment_for(needs)
    row = Assessment(
        bed=bed,
        visited_on=visited_on,
        level=level,
        basis=basis,
        needs=list(dict.fromkeys(needs)),
        made_at=at,
        **author(actor),
    )
    row.words_sealed = sealed(words, field=Assessment.BASIS, pk=row.pk, name="words")
    row.save(force_insert=True)
    noted(actor, terms.ASSESS, bed, at, assessment=str(row.pk))
    _list(bed, row, asked, at)
    _register(bed, level, at)
    if bed.state == BedState.APPLIED:
        move(bed, "assess", actor=actor, at=at)
    visiting.let_go(bed, Purpose.ASSESS, at=at)
    return row


def _list(bed: HomeBed, row: Assessment, asked: dict[str, bool], at: datetime) -> None:
    standing = {
        need.code: need
        for need in EquipmentNeed.objects.select_for_update().filter(bed=bed, dropped_at=None)
    }
    for code, need in standing.items():
        if asked.get(code) != need.required:
            need.dropped_at = at
            need.save(update_fields=["dropped_at"])
    for code, required in asked.items():
        old = standing.get(code)
        if old is not None and old.required == required:
            continue
        new = EquipmentNeed.objects.create(
            bed=bed, assessment=row, code=code, required=required, made_at=at
        )
        if old is not None:  # what meets it goes on meeting it
            Fitting.objects.filter(need=old, period__contains=at).update(need=new)


def _register(bed: HomeBed, level: int, at: datetime) -> None:
    """Let the register know the level from now on; the assessment keeps who said so."""
    if bed.person.care_level != level:
        people.record_fact(
            actor=SYSTEM,
            person_id=bed.person_id,
            fact=Fact(CARE_LEVEL, str(level)),
            since=at,
            at=at,
        )


@transaction.atomic
def start_fitting(*, actor: Actor, bed_id: UUID, at: datetime) -> HomeBed:
    """Accept the application: the equipment listed is to be fitted. Raises WrongState."""
    bed = locked(actor, terms.ASSESS, bed_id)
    move(bed, "start_fitting", actor=actor, at=at)
    telling.tell_own(bed, "accepted", at=at)
    return bed
