"""Reading beds, actor first."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions.days import day_of
from songhe.domains.homecare import terms
from songhe.domains.homecare.models import EquipmentReturn, Objection
from songhe.domains.homecare.models import HomeBed as HomeBed
from songhe.kernel.errors import NotFound


class NoSuchBed(NotFound):
    code = "homecare.no_such_bed"
    message = "This home care bed does not exist, or is not open to you."


def get_bed(actor: Actor, bed_id: UUID, *, at: datetime) -> HomeBed:
    """Return one bed; the read is audited. Raises NoSuchBed."""
    rows = HomeBed.objects.select_related("home", "organization", "person")
    bed = policies.scope(actor, rows, terms.VIEW).filter(pk=bed_id).first()
    if bed is None:
        raise NoSuchBed
    audit.record_reads(
        actor=actor,
        action=terms.VIEW,
        refs=[f"homecare.HomeBed/{bed.pk}", f"people.Person/{bed.person_id}"],
        at=at,
    )
    return bed


def list_beds(actor: Actor, *, state: str = "", action: str = terms.LIST) -> QuerySet[HomeBed]:
    """Return the beds the actor may list: those on the road first, as the road goes."""
    rows = policies.scope(actor, with_returns(HomeBed.objects.all()), action)
    if state == "open":
        rows = rows.filter(state__in=terms.OPEN)
    elif state:
        rows = rows.filter(state=state)
    place = [When(state=one.value, then=Value(at)) for at, one in enumerate(terms.BedState)]
    return rows.select_related("home", "organization").order_by(Case(*place), "number")


def due_beds(actor: Actor, *, today: date, renewal_by: date, review_by: date) -> QuerySet[HomeBed]:
    """Return beds at which something is due until a day, the most urgent first.

    A review of a bed in use, the look at one that is paused, the renewal of either, equipment of
    one that ended, an objection to one that was refused.
    """
    rows = policies.scope(actor, with_returns(HomeBed.objects.all()), terms.LIST)
    due = (
        Q(state__in=("active", "paused"), review_on__lte=review_by)
        | Q(state__in=("active", "paused"), agreed_until__lte=renewal_by)
        | Q(state="ended", returns_due__gt=0)
        | Q(state="refused", answer_due__isnull=False)
    )
    first = Case(
        When(state="ended", then=F("ended_at__date")),
        When(state="refused", then=F("answer_due")),
        default=F("review_on"),
    )
    return rows.filter(due).select_related("home", "organization").order_by(first, "number")


def with_returns(rows: QuerySet[HomeBed]) -> QuerySet[HomeBed]:
    """Tell with each bed what is due once it is over.

    returns_due: how many of its devices are to come back; answer_due: by when an objection is
    answered.
    """
    due = EquipmentReturn.objects.filter(bed=OuterRef("pk"), state=terms.ReturnState.DUE)
    counted = due.order_by().values("bed").annotate(n=Count("pk")).values("n")
    objection = Objection.objects.filter(bed=OuterRef("pk"), answered_at=None)
    return rows.annotate(
        returns_due=Coalesce(Subquery(counted), 0),
        answer_due=Subquery(objection.values("answer_by")[:1]),
    )


def beds_of_person(actor: Actor, person_id: UUID) -> list[HomeBed]:
    """Return the beds of a person, the newest first."""
    own = with_returns(HomeBed.objects.filter(person=person_id))
    rows = policies.scope(actor, own, terms.VIEW)
    return list(rows.select_related("home", "organization").order_by("-applied_at"))


def today_of(at: datetime) -> date:
    """Return the business day of a moment."""
    return day_of(at)


def fitted_homes(actor: Actor) -> set[UUID]:
    """Return the homes of open beds that the actor fits: their doors get a code, too; 1 query."""
    rows = policies.scope(actor, HomeBed.objects.filter(state__in=terms.OPEN), terms.FIT)
    return set(rows.values_list("home", flat=True))
