"""What a finding on a signal marks in its picture: when it began, and what it counted."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext

from songhe.domains.monitoring import words
from songhe.domains.monitoring.models import Finding
from songhe.domains.telemetry.panels import WaveMark
from songhe.kernel.time import from_us

# Beats that need no letter of their own: a strip full of N says nothing.
_PLAIN = frozenset({"N"})


def of(finding: Finding) -> list[WaveMark]:
    """Return the marks of a finding: a line where it began, then what its facts name.

    Facts: beats [[us, AAMI class]], and instants named *_us.
    """
    summary = finding.summary
    found = [WaveMark(finding.onset_at, words.rule_name(finding.rule), is_line=True)]
    found += [
        WaveMark(from_us(int(at_us)), "·" if kind in _PLAIN else str(kind))
        for at_us, kind in summary.get("beats", ())
    ]
    for name, word in _named().items():
        if summary.get(name) is not None:
            found.append(WaveMark(from_us(int(summary[name])), word, is_line=True))
    return found


def _named() -> dict[str, Any]:
    return {
        "impact_us": pgettext("fall", "impact"),
        "still_since_us": pgettext("fall", "lies still"),
        "up_us": pgettext("fall", "gets up"),
    }
