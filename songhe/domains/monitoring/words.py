"""Alarms in words: title with its value, why it rang, in the reader's language."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from songhe.base.regions import selectors as regions
from songhe.domains.devices.terms import get_type
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.terms import STORM, AbsenceKind, PriorityWord
from songhe.domains.telemetry.terms import unit_words
from songhe.kernel import codes
from songhe.kernel.detectors.rules import Spec, UnknownRule, catalogue, spec
from songhe.kernel.time import from_us
from songhe.kit import formats

OF_THE_DEVICE = frozenset({"device-silent", "values-frozen", "battery-low", "clock-skew"})


def is_english() -> bool:
    """Tell whether the reader's language is English."""
    return (get_language() or "").startswith("en")


def rule_name(rule: str) -> str:
    """Return a rule's name."""
    if rule == STORM:
        return _("Many sensors silent at once")
    try:
        row = spec(rule)
    except UnknownRule:
        return rule
    return row.en if is_english() else row.zh


def value_text(summary: dict[str, Any]) -> str:
    """Return a finding's value with its unit, such as 186/112 mmHg; empty for events."""
    if summary.get("figure") is not None:
        return str(summary["said_en" if is_english() else "said_zh"])
    if summary.get("beyond_m") is not None:
        return _("%(n)d m") % {"n": summary["beyond_m"]}
    if summary.get("minutes") is not None:
        minutes = int(summary["minutes"])
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if summary.get("total") is not None:
        return str(summary["total"])
    if summary.get("value") is None or summary.get("code") is None:
        return ""
    code = codes.by_number(int(summary["code"]))
    if code.kind in ("state", "position"):
        return ""
    text = code.text(float(summary["value"]))
    if summary.get("value2") is not None:
        text += f"/{code.text(float(summary['value2']))}"
    return f"{text} {unit_words(code)}".strip()


def title(alarm: Alarm) -> str:
    """Return what an alarm says in one line, with its value."""
    if alarm.is_storm:
        return _("Sensors of %(homes)s homes silent") % {"homes": alarm.summary.get("homes", 0)}
    said = f"{rule_name(alarm.rule)} {value_text(alarm.summary)}".strip()
    if alarm.device is None or alarm.rule not in OF_THE_DEVICE:
        return said
    # Translators: what a device's own trouble says, after the name of its type.
    return _("%(device)s: %(said)s") % {"device": get_type(alarm.device.type).name, "said": said}


def why(finding: Finding) -> str:
    """Return the sentence of the rule with the values and limits as they were judged."""
    row = spec(finding.rule)
    fields = _Fields(finding.params | finding.summary | _said(finding.summary))
    if "window_s" in fields:
        fields.setdefault("window_min", round(float(fields["window_s"]) / 60))
    if isinstance(fields.get("certainty"), float):
        fields["certainty"] = f"{min(99, round(100 * fields['certainty']))}%"
    if "for_s" in fields:
        fields.setdefault("for_min", round(float(fields["for_s"]) / 60))
    told = _template(row, finding).format_map(fields)
    if finding.summary.get("by") == "person":
        told = _("She called for help herself, on her own page.")
    if finding.summary.get("deaf"):
        deaf = _("No sensor of the home says anything: perhaps the hub or the network is out.")
        told += (" " if is_english() else "") + deaf
    return told


def _template(row: Spec, finding: Finding) -> str:
    english = is_english()
    form = finding.summary.get("text")
    if form == "partial" and row.partial_en:
        return row.partial_en if english else row.partial_zh
    if (form == "notice" or finding.phase == "notice") and row.notice_en:
        return row.notice_en if english else row.notice_zh
    return row.why_en if english else row.why_zh


def _said(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a summary that are instants or parts of a score, in words."""
    said: dict[str, Any] = {}
    if summary.get("since_us") is not None:
        zone = ZoneInfo(summary.get("zone", "Asia/Shanghai"))
        said["since"] = formats.moment(from_us(summary["since_us"]), zone)
    language = "en" if is_english() else "zh"
    names = catalogue().news2["names"]
    if "parts" in summary:
        parts = [
            f"{names[part][language]} {row['value']} (+{row['score']})"
            for part, row in summary["parts"].items()
        ]
        said[f"parts_{language}"] = _(", ").join(parts)
        said[f"missing_{language}"] = _(", ").join(
            names[part][language] for part in summary.get("missing", [])
        )
        risk = catalogue().news2["risks"].get(summary.get("risk"), {})
        said[f"risk_{language}"] = risk.get(language, "")
    return said


class _Fields(dict[str, Any]):
    """Missing fields are shown as a dash rather than breaking the page; numbers lose .0."""

    def __missing__(self, key: str) -> str:
        return "—"

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return int(value) if isinstance(value, float) and value == int(value) else value


def short_message(alarm: Alarm, *, away: str = "") -> str:
    """Return the text for a leader's phone: what, where by community, since when; no name.

    away: the kind of absence when the person is away and the rule holds still.
    """
    place = "".join(region.name for region in regions.path_of(alarm.region_code)[-2:])
    place = place or _("the platform itself")
    said = _("[Songhe] %(priority)s alarm unanswered: %(title)s, %(place)s, since %(time)s.") % {
        "priority": PriorityWord(alarm.priority).label,
        "title": title(alarm),
        "place": place,
        "time": date_format(localtime(alarm.raised_at), "H:i"),
    }
    if not away:
        return said
    noted = _("The person is away (%(kind)s).") % {"kind": AbsenceKind(away).label}
    return said + (" " if is_english() else "") + noted
