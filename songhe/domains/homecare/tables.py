"""The list of beds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from songhe.domains.homecare.list_reads import BedLine, bed_lines
from songhe.domains.homecare.terms import BedState
from songhe.domains.organizations import selectors as organizations
from songhe.kit import formats
from songhe.kit.tables import Column, Table
from songhe.kit.templatetags.kit import icon


def due(line: BedLine) -> SafeString:
    """Return what is due at a bed: signs with words."""
    found = _dues(line)
    if not found:
        return format_html('<span class="quiet">{}</span>', _("nothing due"))
    return format_html_join(
        " ",
        '<span class="tag" data-kind="{}">{}{}</span>',
        (
            ("risk" if late else "", icon("clock-alert" if late else "calendar-clock"), words)
            for late, words in found
        ),
    )


def _dues(line: BedLine) -> list[tuple[bool, str]]:
    found = []
    if line.review_days is not None:
        what = _("look at the pause") if line.bed.state == BedState.PAUSED else _("review")
        found.append(_said(line.review_days, what, line.bed.review_on))
    if line.renewal_days is not None:
        found.append(_said(line.renewal_days, _("renewal"), line.bed.agreed_last))
    if line.answer_days is not None:
        found.append(_said(line.answer_days, _("answer to an objection"), line.answer_on))
    if n := line.returns_due:
        words = ngettext("%(n)d device to come back", "%(n)d devices to come back", n)
        found.append((True, words % {"n": n}))
    return found


def _said(days: int, what: str, on: date | None) -> tuple[bool, str]:
    shown = formats.short_date(on) if on else ""
    if days < 0:
        return True, _("%(what)s overdue since %(day)s") % {"what": what, "day": shown}
    return False, _("%(what)s by %(day)s") % {"what": what, "day": shown}


class BedTable(Table):
    """Beds of the actor's region or organisation."""

    columns = (
        Column("person", gettext_lazy("For"),
               value=lambda line: line.person.name if line.person else _("not open to you"),
               link=lambda line: reverse("homecare:bed", args=[line.bed.pk]),
               second=lambda line: line.bed.number),
        Column("state", gettext_lazy("State"), value=lambda line: line.bed.get_state_display(),
               second=lambda line: line.next),
        Column("due", gettext_lazy("Due"), value=due, kind="html"),
        Column("place", gettext_lazy("Place"), value=lambda line: line.place,
               second=lambda line: organizations.name_of(line.bed.organization)),
    )  # fmt: skip
    caption = gettext_lazy("Home care beds")
    empty = gettext_lazy("No home care bed here")


class BedRows:
    """Rows made of one page of a queryset only."""

    def __init__(self, actor: Any, found: Any, at: datetime) -> None:
        self._actor, self._found, self._at = actor, found, at

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> list[BedLine]:
        today = timezone.localdate(self._at)
        return bed_lines(self._actor, list(self._found[page]), today=today)
