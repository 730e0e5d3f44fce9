"""What of absences stands on other pages: the panel of a person, the tag in the head, the tab."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import absence_reads, phrases
from songhe.domains.monitoring.absence_reads import AbsenceView, Standing
from songhe.domains.monitoring.models import Absence
from songhe.domains.monitoring.terms import AbsenceKind
from songhe.domains.people.panels import Tab
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.panels import Away
from songhe.kit import formats


def period_words(absence: AbsenceView, at: datetime) -> str:
    """Return from when until when, such as 11-20 09:00 起，至 11-24 18:00."""
    if absence.until is None:
        return _("since %(since)s, no end is known") % {"since": formats.moment(absence.since)}
    return _("%(since)s until %(until)s") % {
        "since": formats.moment(absence.since), "until": formats.moment(absence.until),
    }  # fmt: skip


def kind_words(absence: AbsenceView) -> str:
    """Return where the person is: 住院，县医院."""
    return phrases.facts([str(AbsenceKind(absence.kind).label), absence.place])


def notices(standing: Standing, at: datetime) -> list[tuple[str, str]]:
    """Return (title, sentence) of what calls for a look; the first is the most pressing."""
    found = []
    if standing.seen_at is not None:
        found.append((
            _("Sensors saw somebody at home at %(time)s.") % {
                "time": formats.moment(standing.seen_at)},
            _("Is the person back? Then end the absence, so that all rules judge again."),
        ))  # fmt: skip
    if standing.ends_soon and standing.now is not None and standing.now.until is not None:
        found.append((
            _("The absence ends in %(time)s.") % {
                "time": formats.span(standing.now.until - at)},
            _("Then all rules judge again. If the person stays away longer, change the end."),
        ))  # fmt: skip
    if standing.over is not None and standing.over.until is not None:
        found.append((
            _("The absence ran out at %(time)s and nobody was seen at home since.") % {
                "time": formats.moment(standing.over.until)},
            _("Ask whether the person is back."),
        ))  # fmt: skip
    return found


def absence_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Say whether the person is away, and what calls for a look; nothing where not open."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not absence_reads.is_open_to(actor, person):
        return None
    at = timezone.now()
    standing = absence_reads.standing(actor, person, at=at)
    context = {
        "person": person,
        "now": standing.now,
        "next": standing.next,
        "told": {
            one.id: (kind_words(one), period_words(one, at))
            for one in (standing.now, standing.next) if one is not None
        },
        "notices": notices(standing, at),
        "may_keep": absence_reads.may_keep(actor, person),
    }  # fmt: skip
    return render_to_string("monitoring/panels/absence.html", context, request=request)


def away_tag(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Say in the head of every page of a person that she is away."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not absence_reads.is_open_to(actor, person):
        return None
    at = timezone.now()
    absent = _absent(request, person, at)
    if absent is None:
        return None
    words = phrases.away_words(absent.kind, absent.period.upper, at)
    return render_to_string("monitoring/panels/away.html", {"words": words}, request=request)


def _absent(request: HttpRequest, person: PersonView, at: datetime) -> Absence | None:
    """Return the absence that a person is in now; asked once a page."""
    kept: dict[UUID, Absence | None] = request.__dict__.setdefault("monitoring_absent", {})
    if person.id not in kept:
        kept[person.id] = absence_reads.away_now([person.id], at=at).get(person.id)
    return kept[person.id]


def away_since(request: HttpRequest, person: PersonView) -> Away | None:
    """Tell the person's last values where she is instead; None at home and where not open."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not absence_reads.is_open_to(actor, person):
        return None
    absent = _absent(request, person, timezone.now())
    if absent is None:
        return None
    place = absent.place if "contact" in person.fields else ""
    words = phrases.facts([str(AbsenceKind(absent.kind).label), place])
    return Away(words, absent.period.lower)


def tab(request: HttpRequest, person: PersonView) -> Tab | None:
    """Add the page of absences to the pages of a person."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not absence_reads.is_open_to(actor, person):
        return None
    address = reverse("monitoring:absences", args=[person.id])
    return Tab("absences", _("Absences"), address, 70)
