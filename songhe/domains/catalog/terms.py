"""Terms of the catalogue: kinds of services, evidence of a step, how quality is judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

VIEW = "catalog.view_items"
KEEP = "catalog.keep_items"
SET_PRICE = "catalog.set_price"


class ItemKind(models.TextChoices):
    """What a service is for; subsidies name kinds."""

    MEAL = "meal", _("meals")
    BATH = "bath", _("help with bathing")
    CLEANING = "cleaning", _("cleaning")
    MOBILITY = "mobility", _("getting about")
    MEDICAL_ESCORT = "medical-escort", _("seeing a doctor")
    EMERGENCY = "emergency", _("emergency help")
    COMPANY = "company", pgettext_lazy("a kind of service", "company")
    NURSING_AID = "nursing-aid", pgettext_lazy("a kind of service", "care")
    OTHER = "other", _("other services")


ICONS = {
    "meal": "utensils",
    "bath": "bath",
    "cleaning": "brush-cleaning",
    "mobility": "footprints",
    "medical-escort": "stethoscope",
    "emergency": "siren",
    "company": "message-circle",
    "nursing-aid": "hand-heart",
    "other": "ellipsis",
}


class Unit(models.TextChoices):
    """What a price is for."""

    VISIT = "visit", _("a visit")
    HOUR = "hour", _("an hour")
    MEAL = "meal", _("a meal")


class Evidence(models.TextChoices):
    """What a step must leave behind to count as done."""

    NONE = "none", _("nothing")
    CHECK = "check", _("a tick")
    PHOTO = "photo", _("a photograph")
    SIGNATURE = "signature", _("a signature")
    MEASURE = "measure", _("a measured value")
    TIMER = "timer", _("the time it took")


class Judged(models.TextChoices):
    """How it is found out whether a quality check holds."""

    PROOF = "proof", _("from the proof of the visit")
    RATING = "rating", _("asked with the rating")
    CALL = "call", _("asked by telephone afterwards")
    SPOT = "spot", _("looked at on the spot, now and then")


# What a step may measure: LOINC or local codes of `kernel.codes`, together in one entry.
MEASURES: dict[str, tuple[str, ...]] = {
    "blood-pressure": ("8480-6", "8462-4"),
    "heart-rate": ("8867-4",),
    "temperature": ("8310-5",),
    "spo2": ("59408-5",),
    "glucose": ("14743-9",),
    "weight": ("29463-7",),
    "room-temperature": ("songhe:room-temperature",),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a measured value says stop: from `ge` up, or from `le` down, in the unit of its code.

    source, status: whence the numbers are and how sure, as the reference marks them (kit.statuses).
    """

    code: str
    ge: float | None = None
    le: float | None = None
    source: str = ""
    status: str = "E"

    def is_beyond(self, value: float) -> bool:
        """Tell whether a value is at its limit or beyond it."""
        return (self.ge is not None and value >= self.ge) or (
            self.le is not None and value <= self.le
        )


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what is empty; rows within it as a list of such."""
    found = {name: value for name, value in row.items() if value not in ("", None, False, ())}
    return {
        name: [_filled(one) for one in value] if isinstance(value, tuple) else value
        for name, value in found.items()
    }


class _Row:
    """A row of a JSON list: as it is stored, and back."""

    code: str
    zh: str
    en: str

    def stored(self) -> dict[str, Any]:
        """Return what is stored; what is empty is left out."""
        return _filled(asdict(self))  # type: ignore[call-overload]

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Return the row of what is stored."""
        known = {one.name for one in fields(cls)}  # type: ignore[arg-type]
        given = {name: value for name, value in stored.items() if name in known}
        if "limits" in given:
            given["limits"] = tuple(Limit(**one) for one in given["limits"])
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Step(_Row):
    """One step of the standard process.

    measure: a key of MEASURES where evidence is a measured value; unit and what can be at all are
    those of its codes. required: without its evidence a visit is not done. most_minutes: no longer
    than that. stop: when to stop, in words. limits: where a measured value says so.
    """

    code: str
    zh: str
    en: str
    evidence: str = Evidence.CHECK.value
    measure: str = ""
    required: bool = False
    most_minutes: int | None = None
    stop_zh: str = ""
    stop_en: str = ""
    limits: tuple[Limit, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes (LOINC or local) that are measured."""
        return MEASURES.get(self.measure, ())


@dataclass(frozen=True, slots=True)
class Check(_Row):
    """What good work is, and how it is found out."""

    code: str
    zh: str
    en: str
    judged: str = Judged.PROOF.value


@dataclass(frozen=True, slots=True)
class Draft:
    """What a version of an item says, before it is published.

    requires: codes of qualifications that every worker must hold.
    """

    name_zh: str
    name_en: str
    duration_minutes: int
    steps: tuple[Step, ...]
    checks: tuple[Check, ...] = ()
    workers_needed: int = 1
    requires: tuple[str, ...] = ()
    text_zh: str = ""
    text_en: str = ""
