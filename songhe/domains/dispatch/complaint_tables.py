"""The list of complaints."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from songhe.domains.dispatch import complaint_reads, terms
from songhe.domains.dispatch.complaint_reads import ComplaintLine
from songhe.domains.organizations import selectors as organizations
from songhe.kit import formats
from songhe.kit.tables import Column, Table
from songhe.kit.templatetags.kit import icon


def due(line: ComplaintLine) -> SafeString:
    """Return when an answer is due: the day, and a sign with a word once it has passed."""
    day = formats.short_date(line.row.answer_by)
    if not line.is_open:
        return format_html("{}", terms.ComplaintState(line.row.state).label)
    if line.is_overdue:
        n = -line.days
        words = ngettext("overdue by %(n)d day", "overdue by %(n)d days", n) % {"n": n}
        return format_html(
            '<span class="tag" data-kind="risk">{}{}</span> {}', icon("clock-alert"), words, day
        )
    if line.days == 0:
        return format_html("{} {}", _("today"), day)
    words = ngettext("%(n)d day left", "%(n)d days left", line.days) % {"n": line.days}
    return format_html("{} <small>{}</small>", day, words)


class ComplaintTable(Table):
    """Complaints of the actor's organisation or region."""

    columns = (
        Column("about", gettext_lazy("About"),
               value=lambda line: terms.About(line.row.about).label,
               link=lambda line: reverse("dispatch:complaint", args=[line.row.pk]),
               second=lambda line: line.title),
        Column("due", gettext_lazy("Answer until"), value=due, kind="html"),
        Column("person", gettext_lazy("For"),
               value=lambda line: line.who.name if line.who else _("not open to you"),
               second=lambda line: organizations.name_of(line.row.order.organization)
               if line.row.order.organization else ""),
    )  # fmt: skip
    caption = gettext_lazy("Complaints")
    empty = gettext_lazy("No complaint")


class ComplaintRows:
    """Rows made of one page of a queryset only."""

    def __init__(self, actor: Any, found: Any, at: Any) -> None:
        self._actor, self._found, self._at = actor, found, at

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> list[ComplaintLine]:
        return complaint_reads.lines(self._actor, list(self._found[page]), at=self._at)
