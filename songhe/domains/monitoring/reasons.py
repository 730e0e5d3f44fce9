"""Why an alarm rang: the rule in words, how sure it is, who says so, and the evidence drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import drawings, phrases, selectors, story, trial_reads, words
from songhe.domains.monitoring.selectors import AlarmLine
from songhe.kernel.detectors.rules import UnknownRule, spec
from songhe.kit.statuses import UNCONFIRMED, status_words


@dataclass(frozen=True, slots=True)
class Why:
    """The sentence of the rule, where it comes from, how sure it is, and the evidence drawn."""

    sentence: str
    origin: str
    rule: str
    name: str
    page: str
    confirmed: bool
    evidence: drawings.Evidence
    drawing: drawings.Drawing
    sure: str = ""
    sources: Sequence[story.Source] = ()


def why(actor: Actor, line: AlarmLine, *, at: datetime) -> Why | None:
    """Return why an alarm rang; None for an incident, which is its members."""
    alarm = line.alarm
    links = selectors.evidence_of(alarm)
    seen = drawings.evidence(links, alarm)
    if seen.finding is None:
        return None
    finding = seen.finding
    try:
        row = spec(finding.rule)
    except UnknownRule:
        return None
    link = next(link for link in links if link.finding.pk == finding.pk)
    status = str(finding.params.get("status", row.status))
    drawing = drawings.draw(actor, line, seen, at=at)
    origin = _("Rule %(rule)s, version %(version)s, source %(source)s (%(basis)s), %(status)s.") % {
        "rule": finding.rule,
        "version": finding.rule_version,
        "source": phrases.source_words(str(finding.params.get("source", row.source))),
        "basis": phrases.BASIS_WORDS.get(row.basis, row.basis),
        "status": status_words(status),
    }
    clinical = trial_reads.is_clinical(row)
    caution = _("A screening result, not a diagnosis.") if clinical else ""
    return Why(
        sentence=phrases.sentences([link.why, drawing.usual]),
        origin=phrases.sentences([origin, caution]),
        rule=finding.rule,
        name=words.rule_name(finding.rule),
        page="" if row.kind == "platform" else reverse("monitoring:rule", args=[finding.rule]),
        confirmed=status not in UNCONFIRMED,
        evidence=seen,
        drawing=drawing,
        sure=story.sure_words(alarm.certainty),
        sources=story.sources(links),
    )
