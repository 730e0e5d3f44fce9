"""Beds as lines of a list: whose, where, what comes next, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.homecare import selectors
from songhe.domains.homecare.params import params
from songhe.domains.homecare.selectors import HomeBed
from songhe.domains.homecare.terms import BedState
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView

NEXT = {
    BedState.APPLIED: _("next: home visit"),
    BedState.ASSESSED: _("next: accept or refuse"),
    BedState.FITTING: _("next: fit the equipment"),
    BedState.FITTED: _("next: sign the agreement"),
    BedState.AGREED: _("next: care plan, then into use"),
}


@dataclass(frozen=True, slots=True)
class BedLine:
    """One bed. review_days, renewal_days: until it is due, below 0 overdue; None: not soon.

    returns_due: how many devices of an ended bed are still to come back.
    answer_on: until when an objection to a refusal is answered.
    """

    bed: HomeBed
    person: PersonView | None
    place: str
    review_days: int | None
    renewal_days: int | None
    returns_due: int
    answer_on: date | None
    answer_days: int | None

    @property
    def next(self) -> str:
        """Return what comes next on the road, in words."""
        return str(NEXT.get(BedState(self.bed.state), ""))


def bed_lines(actor: Actor, beds: list[HomeBed], *, today: date) -> list[BedLine]:
    """Return beds, narrowed already, as lines; 2 queries."""
    persons = people.person_views(actor, [bed.person_id for bed in beds])
    names = regions.names(sorted({bed.region_code for bed in beds}))
    review, renewal = horizons(today)
    return [
        BedLine(
            bed,
            persons.get(bed.person_id),
            names.get(bed.region_code, ""),
            _until(bed, bed.review_on, review, today, _REVIEWED),
            _until(bed, bed.agreed_last, renewal, today, _RENEWED),
            getattr(bed, "returns_due", 0) if bed.state == BedState.ENDED else 0,
            answer_on := getattr(bed, "answer_due", None),
            (answer_on - today).days if answer_on is not None else None,
        )
        for bed in beds
    ]


def horizons(today: date) -> tuple[date, date]:
    """Return until which days a review and a renewal are shown as coming up."""
    found = params()
    return (
        today + timedelta(days=found["review"]["soon_days"]),
        today + timedelta(days=found["agreement"]["remind_days"]),
    )


_REVIEWED = _RENEWED = (BedState.ACTIVE, BedState.PAUSED)


def _until(
    bed: HomeBed, on: date | None, by: date, today: date, states: tuple[BedState, ...]
) -> int | None:
    return (on - today).days if bed.state in states and on is not None and on <= by else None


def due_of(actor: Actor, *, today: date) -> object:
    """Return the beds at which something is due soon, the most urgent first."""
    review, renewal = horizons(today)
    return selectors.due_beds(actor, today=today, renewal_by=renewal, review_by=review)
