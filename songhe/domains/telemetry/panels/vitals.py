"""Now (此刻): the last vital values, each with its own time, its age and what is usual."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.panels.reads import Mark, reads_of
from songhe.domains.telemetry.selectors import Baseline, LatestValue
from songhe.domains.telemetry.terms import Freshness, code_name, unit_words
from songhe.kernel.time import to_us
from songhe.kit import formats

SHOWN = (
    "sbp",
    "heart-rate",
    "spo2",
    "glucose",
    "glucose-interstitial",
    "temperature",
    "respiration",
    "weight",
)


@dataclass(frozen=True, slots=True)
class Vital:
    """One last value in words, as <c-vital> takes it; state "", high, stale or unknown."""

    name: str
    value: str
    unit: str
    when: str
    against: str
    state: str


def vitals(
    latest: Sequence[LatestValue],
    usual: Mapping[int, Baseline],
    *,
    at: datetime,
    marks: Collection[Mark] = (),
) -> list[Vital]:
    """Return the last vital values in the order in which they are always shown.

    marks: values on which an open critical alarm rests; they stand out.
    """
    found = {value.code.key: value for value in latest}
    return [_vital(found, key, usual, at, marks) for key in SHOWN if key in found]


def _vital(
    found: Mapping[str, LatestValue],
    key: str,
    usual: Mapping[int, Baseline],
    at: datetime,
    marks: Collection[Mark],
) -> Vital:
    value = found[key]
    shown = [value]
    if key == "sbp" and "dbp" in found and found["dbp"].at == value.at:
        shown.append(found["dbp"])
    text = "/".join(one.code.text(one.value) for one in shown)
    when = when_words(value.at, at)
    if value.voided:
        when = _("the last reading was voided")
    elif value.freshness is Freshness.UNKNOWN:
        when = _("last %(value)s, %(when)s") % {"value": text, "when": when}
    return Vital(
        name=_("Blood pressure") if key == "sbp" else code_name(value.code),
        value=text,
        unit=unit_words(value.code),
        when=when,
        against=usual_words(shown, usual),
        state=_state(shown, marks),
    )


def _state(shown: Sequence[LatestValue], marks: Collection[Mark]) -> str:
    """Return how a value stands: high while it is known and rings, else its age."""
    value = shown[0]
    rings = any(Mark(v.device, to_us(v.at), v.code.number) in marks for v in shown)
    if rings and value.freshness is not Freshness.UNKNOWN:
        return "high"
    return "" if value.freshness is Freshness.FRESH else value.freshness.value


def usual_words(shown: Sequence[LatestValue], usual: Mapping[int, Baseline]) -> str:
    """Return the personal normal: usual 128–142 / 72–82; says when there is none yet."""
    ranges = []
    for one in shown:
        own = usual.get(one.code.number)
        if own is not None:
            ranges.append(f"{one.code.text(own.low)}–{one.code.text(own.high)}")
    if not ranges:
        return _("nothing usual yet")
    return _("usual %(range)s") % {"range": " / ".join(ranges)}


def when_words(moment: datetime, at: datetime) -> str:
    """Return how old a value is: 3 minutes ago within a day, 11-19 08:10 before."""
    if at - moment < timedelta(hours=24):
        return formats.ago(moment, at)
    return formats.moment(moment)


def now_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw the last vital values; nothing where health is not open.

    While the person is away, nothing that was measured before she left is shown as now, but for
    what an open critical alarm rests on.
    """
    reads = reads_of(request, person)
    if "health" not in reads.classes:
        return None
    away = reads.away
    ringing = {(mark.device, mark.at_us) for mark in reads.marks}
    own = [
        value
        for value in reads.latest
        if value.subject == person.id
        and (away is None or value.at >= away.since or (value.device, to_us(value.at)) in ringing)
    ]
    shown = vitals(own, reads.usual, at=reads.at, marks=reads.marks)
    half = (len(shown) + 1) // 2
    context = {"columns": [shown[:half], shown[half:]] if shown else [], "away": away}
    return render_to_string("telemetry/now.html", context, request=request)
