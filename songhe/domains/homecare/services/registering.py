"""What the register of persons says, and what it means for beds: one person in two, a death.

The register can be put right again (a merge undone, a death withdrawn), a bed that ended cannot be
taken back. So nothing is ended here: what must not go on is paused, and who keeps the bed is told.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from songhe.base.access.actor import SYSTEM
from songhe.base.notify import services as notify
from songhe.domains.homecare import notices, terms
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.services import running
from songhe.domains.homecare.services.common import who_may
from songhe.domains.homecare.terms import BedState


@transaction.atomic
def persons_merged(*, kept_id: UUID, gone_id: UUID, at: datetime) -> list[HomeBed]:
    """Look at the beds of two entries that are one person now; return those that are doubled.

    One of two beds in use is paused, the one in use for the shorter time; both say that the other
    stands, and no step forward is taken until one of the two has ended. Told: who may end them.
    """
    rows = HomeBed.objects.select_for_update(of=("self",)).select_related("person", "home")
    beds = list(
        rows.filter(person__in=(kept_id, gone_id), state__in=terms.OPEN).order_by("active_on")
    )
    if len(beds) < 2:
        return []
    used = sorted(
        (bed for bed in beds if bed.state == BedState.ACTIVE),
        key=lambda bed: (bed.active_on or at.date(), bed.number),
    )
    for bed in used[1:]:
        why = _("One person has two beds: %(number)s goes on") % {"number": used[0].number}
        running.pause(bed, actor=SYSTEM, why=why, at=at)
    for bed in beds:
        others = ", ".join(one.number for one in beds if one is not bed)
        _tell(bed, notices.TWO_BEDS, {"number": bed.number, "other": others}, at)
    return beds


@transaction.atomic
def person_died(*, person_id: UUID, at: datetime) -> HomeBed | None:
    """Let the services of a bed rest whose person is recorded as dead, and tell who ends it."""
    rows = HomeBed.objects.select_for_update(of=("self",)).select_related("person", "home")
    bed = rows.filter(person=person_id, state__in=terms.OPEN).first()
    if bed is None:
        return None
    if bed.state == BedState.ACTIVE:
        running.pause(bed, actor=SYSTEM, why=_("The person is recorded as dead"), at=at)
    _tell(bed, notices.PERSON_DIED, {"number": bed.number}, at)
    return bed


def adopt(bed: HomeBed) -> None:
    """Let an open bed of an entry that leads to this bed's person be hers: this one is over."""
    left = HomeBed.objects.filter(person__merged_into=bed.person_id, state__in=terms.OPEN).first()
    if left is not None:
        left.entry = left.entry or left.person_id
        left.person_id = bed.person_id
        left.save(update_fields=["person", "entry"])


@transaction.atomic
def persons_unmerged(*, kept_id: UUID, gone_id: UUID, at: datetime) -> list[HomeBed]:
    """Give back the open bed that became another's while two entries were one.

    Returns the beds of which was told. What was paused while they were one can be taken up again;
    a bed that ended stays ended (0038), and the notice says so. Where the entry has another open
    bed by now, the bed stays where it is.
    """
    rows = HomeBed.objects.select_for_update(of=("self",)).select_related("person", "home")
    beds = list(rows.filter(person__in=(kept_id, gone_id)).order_by("number"))
    has_open = any(bed.person_id == gone_id and bed.state in terms.OPEN for bed in beds)
    for bed in beds:
        if bed.person_id == kept_id and bed.entry == gone_id and not has_open:
            bed.person_id, bed.entry = gone_id, None
            bed.save(update_fields=["person", "entry"])
    told = [bed for bed in beds if bed.state in terms.OPEN]
    if len(beds) < 2:
        return []
    for bed in told:
        _tell(bed, notices.TWO_PERSONS, {"number": bed.number}, at)
    return told


def _tell(bed: HomeBed, kind: str, params: dict[str, str], at: datetime) -> None:
    notify.notify(
        user_ids=who_may(bed, terms.MOVE, at),
        kind=kind,
        params=params,
        ref=f"homecare.HomeBed/{bed.pk}",
        at=at,
        url=f"/beds/{bed.pk}/",
    )
