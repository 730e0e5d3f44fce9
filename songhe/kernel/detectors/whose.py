"""Whose a reading, a signal, a silence or a finding is."""

from __future__ import annotations

from uuid import UUID

from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Watched
from songhe.kernel.wire import Finding, Reading, SubjectKind, Wave


def person_of(about: Reading | Wave) -> UUID | None:
    """Return the person that is measured, or who lives where it was measured."""
    if about.person is not None:
        return about.person
    return about.subject if about.subject_kind == SubjectKind.PERSON else None


def living(watched: Watched) -> UUID | None:
    """Return the person whom a watched device serves."""
    return watched.subject if watched.subject_kind == SubjectKind.PERSON else watched.person


def key_of(rule: Rule, finding: Finding) -> UUID | None:
    """Return the key under which a rule remembers a finding of its own."""
    if rule.key == "device":
        return finding.device
    if rule.key == "person" and finding.person is not None:
        return finding.person
    return finding.subject
