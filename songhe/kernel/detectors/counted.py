"""Readings that a signal itself makes: what a detector counts is stored like any measured value.

They carry codes of their own, beside those by which a device sends what it has counted itself.
"""

from __future__ import annotations

from songhe.kernel import codes
from songhe.kernel.signals import Sign
from songhe.kernel.signals.steps import STEPS
from songhe.kernel.wire import Reading, SubjectKind, Wave

# Detectors that run without any rule, for what they count.
COUNTING = frozenset({STEPS})


def reading_of(sign: Sign, wave: Wave) -> Reading | None:
    """Return what a sign counted as a reading of the person; None where it counts nothing.

    wave: the newest of the signal. Its time is that of the first step: the same walk found again
    is the same reading.
    """
    if sign.what != STEPS or wave.subject_kind != SubjectKind.PERSON:
        return None
    values = {codes.by_key("steps-felt").number: float(sign.facts["steps"])}
    if "cadence_per_min" in sign.facts:
        values[codes.by_key("cadence").number] = float(round(sign.facts["cadence_per_min"]))
    return Reading(
        subject_kind=wave.subject_kind,
        subject=wave.subject,
        device=wave.device,
        effective_us=sign.at_us,
        received_us=wave.received_us,
        codes=tuple(values),
        values=tuple(values.values()),
        person=wave.person,
    )
