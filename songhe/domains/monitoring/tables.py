"""Tables of monitoring: the history, scores, messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.monitoring import phrases, selectors
from songhe.domains.monitoring.selectors import AlarmLine, RuleScore
from songhe.domains.people.selectors import PersonView, masked_name
from songhe.kit import formats
from songhe.kit.tables import Column, Table
from songhe.kit.templatetags.kit import sign


def _what(line: AlarmLine) -> SafeString:
    url = reverse("monitoring:alarm", args=[line.alarm.pk])
    mark = sign(line.alarm.priority, line.alarm.state, "small")
    return format_html('<span class="what">{}<a href="{}">{}</a></span>', mark, url, line.title)


def _count(line: AlarmLine) -> str:
    count = line.alarm.count
    if count < 2:
        return ""
    return ngettext("reported %(n)d time", "reported %(n)d times", count) % {"n": count}


def _who(line: AlarmLine) -> str:
    return masked_name(line.person.name) if line.person is not None else "–"


def _end(line: AlarmLine) -> str:
    by = line.alarm.resolved_by
    return by.display_name if by is not None else ""


class HistoryTable(Table):
    """Alarms, newest first; names masked, as in every list."""

    columns = (
        Column("raised", gettext_lazy("Time"), value=lambda r: formats.moment(r.alarm.raised_at),
               sort="raised"),
        Column("what", gettext_lazy("Alarm"), value=_what, second=_count, sort="priority"),
        Column("who", gettext_lazy("Who"), value=_who, second=lambda r: r.place),
        Column("state", gettext_lazy("State"), value=lambda r: phrases.state_words(r.alarm),
               second=_end),
        Column("taken", gettext_lazy("Until taken"), value=lambda r: taken(r.alarm)),
    )  # fmt: skip
    caption = gettext_lazy("Alarms")
    empty = gettext_lazy("No alarm fits this search")
    default_sort = "-raised"

    def __init__(self, request: HttpRequest, rows: Any, *, actor: Actor) -> None:
        super().__init__(request, rows)
        self.lines = selectors.lines(actor, self.page.object_list)
        self.page.object_list = self.lines

    def person_of(self, person_id: UUID | None) -> PersonView | None:
        """Return the person whom the history is narrowed to."""
        found = (line.person for line in self.lines if line.person is not None)
        return next((person for person in found if person.id == person_id), None)


def taken(alarm: Any) -> str:
    """Return how long an alarm waited until somebody took it."""
    if alarm.acknowledged_at is None:
        return _("not taken")
    return seconds((alarm.acknowledged_at - alarm.raised_at).total_seconds())


def seconds(length_s: float | None) -> str:
    """Return a short length: 42 秒, 3 分钟."""
    if length_s is None:
        return ""
    if length_s < 120:
        whole = round(length_s)
        return ngettext("%(n)d second", "%(n)d seconds", whole) % {"n": whole}
    return formats.span(timedelta(seconds=length_s))


def _precision(score: RuleScore) -> str:
    rated = score.true + score.false
    if score.precision is None:
        return _("nobody rated")
    return _("%(share)d%% (%(true)d of %(rated)d)") % {
        "share": round(100 * score.precision), "true": score.true, "rated": rated}  # fmt: skip


def _escalated(score: RuleScore) -> str:
    return _("%(share)d%%") % {"share": round(100 * score.escalated / score.raised)}


def _columns(label: Any, name: Any) -> Sequence[Column]:
    return (
        Column("name", label, value=name),
        Column("raised", gettext_lazy("Raised"), kind="number"),
        Column("true", gettext_lazy("Real"), kind="number"),
        Column("false", gettext_lazy("False"), kind="number"),
        Column("test", gettext_lazy("Test"), kind="number"),
        Column("unknown", gettext_lazy("Not found out"), kind="number"),
        Column("precision", gettext_lazy("Were real"), value=_precision),
        Column("median", gettext_lazy("Median until taken"),
               value=lambda r: seconds(r.median_taken_s) or _("nobody took one")),
        Column("escalated", gettext_lazy("Went up a level"), value=_escalated),
    )  # fmt: skip


def _kind_name(score: RuleScore) -> str:
    kinds = devices.all_types()
    return kinds[score.group].name if score.group in kinds else _("no single device")


class RuleScores(Table):
    """One row a rule."""

    columns = _columns(gettext_lazy("Rule"), lambda r: r.name)
    caption = gettext_lazy("By rule")
    empty = gettext_lazy("No alarms in this time")
    per_page = 200


class DeviceScores(Table):
    """One row a kind of device."""

    columns = _columns(gettext_lazy("Kind of device"), _kind_name)
    caption = gettext_lazy("By kind of device")
    empty = gettext_lazy("No alarms in this time")
    per_page = 200


class HomeScores(Table):
    """One row a home and rule."""

    columns = (
        Column("home", gettext_lazy("Home"), value=lambda r: r.group),
        *_columns(gettext_lazy("Rule"), lambda r: r.name),
    )
    caption = gettext_lazy("By home: where alarms were false most often")
    empty = gettext_lazy("No alarm of a home was rated in this time")
    per_page = 30


@dataclass(frozen=True, slots=True)
class Total:
    """All rules together."""

    raised: int
    rated: int
    true: int
    escalated: int

    @property
    def precision_pct(self) -> int | None:
        return round(100 * self.true / self.rated) if self.rated else None

    @property
    def escalated_pct(self) -> int | None:
        return round(100 * self.escalated / self.raised) if self.raised else None


def total(scores: Sequence[RuleScore]) -> Total:
    """Add up the scores."""
    return Total(
        raised=sum(row.raised for row in scores),
        rated=sum(row.true + row.false for row in scores),
        true=sum(row.true for row in scores),
        escalated=sum(row.escalated for row in scores),
    )


def _alarm_link(message: Any) -> str | None:
    kind, _slash, alarm_id = message.ref.partition("/")
    return reverse("monitoring:alarm", args=[alarm_id]) if kind == "monitoring.Alarm" else None


class MessageTable(Table):
    """Messages that left, newest first; of a number only its tail was kept."""

    columns = (
        Column("sent", gettext_lazy("Sent"), value=lambda r: formats.moment(r.sent_at)),
        Column("channel", gettext_lazy("Way"), value=lambda r: _channel(r.channel)),
        Column("to", gettext_lazy("Sent to"), value=lambda r: f"…{r.to_tail}"),
        Column("text", gettext_lazy("Text"), link=_alarm_link),
    )
    caption = gettext_lazy("Messages that left")
    empty = gettext_lazy("No message has left yet")


def _channel(channel: str) -> str:
    return {"sms": _("text message"), "voice": _("voice call")}.get(channel, channel)
