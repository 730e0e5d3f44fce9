"""The lists of sampled visits, and of those held for a case."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.base.access.actor import Actor
from songhe.domains.dispatch import evidence_reads, mark_reads
from songhe.domains.organizations import selectors as organizations
from songhe.kit import formats
from songhe.kit.tables import Column, Table


class SampleTable(Table):
    """Visits that are over, the most doubtful first."""

    columns = (
        Column("score", _("Borne out"), kind="number", sort="score",
               link=lambda row: reverse("dispatch:sample", args=[row.visit.pk])),
        Column("ended", pgettext_lazy("a visit", "Ended"), value=lambda row: row.visit.ended_at,
               kind="time", sort="-ended"),
        Column("worker", _("Worker"), value=lambda row: row.visit.worker.display_name,
               second=lambda row: organizations.name_of(row.visit.order.organization)
               if row.visit.order.organization else ""),
        Column("person", _("For"), value=lambda row: row.person.name if row.person else None),
        Column("dwell", _("There for"),
               value=lambda row: formats.span(row.dwell) if row.dwell else None),
        Column("reasons", _("What speaks against it"),
               value=lambda row: "；".join(row.reasons) or "–"),
    )  # fmt: skip
    caption = _("Visits that are over")
    empty = _("No visit found")
    default_sort = "score"


class SampleRows:
    """Rows made of one page of a queryset only."""

    def __init__(self, actor: Actor, found: Any) -> None:
        self._actor, self._found = actor, found

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> list[evidence_reads.Line]:
        return evidence_reads.lines(self._actor, self._found[page])


class MarkTable(Table):
    """Visits held for a case, the newest first."""

    columns = (
        Column("worker", _("Worker"), value=lambda line: line.visit.worker.display_name,
               link=lambda line: reverse("dispatch:sample", args=[line.visit.pk]),
               second=lambda line: organizations.name_of(line.visit.order.organization)
               if line.visit.order.organization else ""),
        Column("person", _("For"), value=lambda line: line.person.name if line.person else None),
        Column("ended", pgettext_lazy("a visit", "Ended"),
               value=lambda line: line.visit.ended_at, kind="time"),
        Column("why", _("Why it is marked"), value=lambda line: line.why,
               second=lambda line: line.back),
        Column("reasons", _("What speaks against it"),
               value=lambda line: "；".join(line.reasons) or "–"),
        Column("marked", _("Marked at"), value=lambda line: line.row.marked_at, kind="time",
               second=lambda line: line.row.marked_by_name),
    )  # fmt: skip
    caption = _("Visits marked for a case")
    empty = _("No visit is marked")


class MarkRows:
    """Rows made of one page of a queryset only."""

    def __init__(self, actor: Actor, found: Any) -> None:
        self._actor, self._found = actor, found

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> list[mark_reads.MarkLine]:
        return mark_reads.lines(self._actor, self._found[page])
