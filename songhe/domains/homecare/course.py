"""What happened to a bed, in words and in order: its steps, renewed agreements, changed plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.domains.homecare.models import CarePlan
from songhe.domains.homecare.road import BedSheet
from songhe.domains.homecare.terms import BedState
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One thing that happened. by: who did it, as she was named then; note: her own words."""

    at: datetime
    words: str
    by: str
    note: str = ""


def course_of(sheet: BedSheet) -> list[CourseLine]:
    """Return what happened to the bed of a sheet, oldest first; 1 query."""
    bed = sheet.bed
    found = [CourseLine(bed.applied_at, str(BedState.APPLIED.label), bed.applied_by_name)]
    for one in sheet.course:
        words = (
            pgettext("a home care bed", "taken up again after an objection")
            if one.name == "reopen"
            else str(BedState(one.target).label)
        )
        found.append(
            CourseLine(one.at, words, one.user_name if one.user_id else _("the system"), one.note)
        )
    for line in sheet.agreements[:-1]:  # the first of them is a step
        words = _("agreement renewed until %(day)s") % {"day": formats.short_date(line.last)}
        found.append(CourseLine(line.row.kept_at, words, line.row.by_name))
    for plan in CarePlan.objects.filter(bed=bed).order_by("version"):
        words = _("care plan, version %(n)s") % {"n": plan.version}
        found.append(CourseLine(plan.made_at, words, plan.by_name))
    return sorted(found, key=lambda line: line.at)
