"""Which alarm a finding belongs to: the same trouble, the same episode of a person, or neither."""

from __future__ import annotations

from collections.abc import Iterable

from songhe.domains.monitoring import fusion
from songhe.domains.monitoring.models import Alarm, AlarmEntry, AlarmFinding, Finding
from songhe.domains.monitoring.terms import EntryKind
from songhe.domains.people import selectors as people
from songhe.engines.alarms.terms import OPEN_STATES
from songhe.kernel.detectors.rules import spec


def subject_key(finding: Finding) -> str:
    """Return what makes two findings the same trouble: the rule's family and its subject."""
    return f"{spec(finding.rule).family}:{finding.subject}"


def open_alarm_of(finding: Finding) -> Alarm | None:
    """Return the open alarm that a finding belongs to, locked: the one that its beginning is in,
    the one of the same trouble, or one of the same episode of the same person."""
    held = Alarm.objects.select_for_update(of=("self",)).filter(state__in=OPEN_STATES)
    held = held.select_related("organization")
    if finding.of is not None:
        begun = AlarmFinding.objects.filter(finding=finding.of).values("alarm")
        if found := held.filter(pk__in=begun).first():
            return found
    if found := held.filter(subject_key=subject_key(finding)).first():
        return found
    return held.filter(pk__in=_of_the_episode(finding)).order_by("-last_at").first()


def _of_the_episode(finding: Finding) -> list[object]:
    kin = fusion.kin(finding.rule)
    person = finding.person
    if not kin or person is None or finding.phase != "raised":
        return []
    near = finding.onset_at - fusion.JOIN_WITHIN, finding.onset_at + fusion.JOIN_WITHIN
    person = people.living_id(person)
    rows = Alarm.objects.filter(
        person=person, rule__in=kin, state__in=OPEN_STATES, last_at__range=near
    )
    return list(rows.values_list("pk", flat=True))


def begun_and_not_over(alarm: Alarm, but: Finding) -> bool:
    """Tell whether anything of another family that began in an alarm has not come to its end."""
    linked = Finding.objects.filter(pk__in=alarm.finding_links.values("finding"))
    ended = {row.of for row in linked.filter(phase="cleared")}
    family = spec(but.rule).family
    return any(
        spec(row.rule).family != family and row.pk not in ended and row.summary.get("since_us")
        for row in linked.filter(phase="raised")
    )


def certainty_of(alarm: Alarm) -> float | None:
    """Return how sure the sources of an alarm are together, and what second looks made of it.

    Findings of one device and family are one source: the surest of them counts.
    """
    linked = Finding.objects.filter(pk__in=alarm.finding_links.values("finding"))
    sources: dict[tuple[str, object], float] = {}
    for row in linked.exclude(phase="cleared"):
        said = certainty_said(row)
        if said is not None:
            key = (spec(row.rule).family, row.device)
            sources[key] = max(said, sources.get(key, 0.0))
    whole = fusion.together(sources.values())
    return None if whole is None else fusion.weighed(whole, _factors(alarm))


def certainty_said(finding: Finding) -> float | None:
    """Return how sure a finding is by itself, or by what its rule is known for."""
    said = finding.summary.get("certainty")
    return spec(finding.rule).certainty if said is None else float(said)


def _factors(alarm: Alarm) -> Iterable[float]:
    known = fusion.second_look().factors
    for entry in AlarmEntry.objects.filter(alarm=alarm, kind=EntryKind.LOOKED):
        for name in entry.data.get("seen", ()):
            if name in known:
                yield known[name]
