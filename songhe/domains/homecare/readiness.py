"""What a bed still lacks for a step of its road: asked by the guards and said on its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from songhe.domains.devices import selectors as devices
from songhe.domains.devices.terms import DeviceState
from songhe.domains.homecare.equipment import table
from songhe.domains.homecare.models import (
    Agreement,
    Assessment,
    CarePlan,
    EquipmentNeed,
    EquipmentReturn,
    Fitting,
    Goal,
    HomeBed,
    PlanService,
)
from songhe.domains.homecare.terms import OPEN, BedState
from songhe.domains.people import selectors as people


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that lacks or stands in the way: assessment, equipment (which), agreement, plan,
    goal, service, double (the number of the other bed), death, moved.
    """

    code: str
    what: str = ""

    @property
    def words(self) -> str:
        """Return it as a sentence for the reader."""
        return {
            "assessment": _("no assessment yet"),
            "equipment": _("%(what)s is not in use yet"),
            "agreement": _("no agreement in force"),
            "plan": _("no care plan yet"),
            "goal": _("the care plan has no goal"),
            "service": _("the care plan has no service"),
            "double": _("the same person has bed %(what)s: let one of the two end"),
            "death": _("the person is recorded as dead"),
            "moved": _("the register says that she lives elsewhere now"),
        }[self.code] % {"what": self._named}

    @property
    def _named(self) -> str:
        if self.code == "equipment":
            return str(table().equipment[self.what].name)
        return self.what


@dataclass(frozen=True, slots=True)
class NeedLine:
    """A need for equipment with what meets it now. works: the device is in use, here.

    silent: nothing was heard of it for longer than its type may; it works by the papers only.
    """

    need: EquipmentNeed
    fitting: Fitting | None
    works: bool
    silent: bool


def equipment_of(bed: HomeBed, *, at: datetime) -> list[NeedLine]:
    """Return what a home needs with what meets it at a moment, as the table orders it; 4 queries.

    A device counts while it is in use and serves the person or a room of the bed's home.
    """
    needs = list(EquipmentNeed.objects.filter(bed=bed, dropped_at=None))
    found = Fitting.objects.filter(need__in=needs, period__contains=at).select_related("device")
    fitted = {row.need_id: row for row in found}
    bound = devices.bindings_of([row.device_id for row in fitted.values()], at=at)
    silent = devices.silent_among([row.device for row in fitted.values()], at=at)
    lines = []
    for need in needs:
        row = fitted.get(need.pk)
        binding = bound.get(row.device_id) if row else None
        here = binding is not None and is_here(bed, binding)
        works = row is not None and here and row.device.state == DeviceState.IN_USE
        lines.append(NeedLine(need, row, works, row is not None and row.device_id in silent))
    order = list(table().equipment)
    return sorted(lines, key=lambda line: order.index(line.need.code))


def is_here(bed: HomeBed, binding: Any) -> bool:
    """Tell whether a device serves a bed's person or a room of its home."""
    return binding.person_id == bed.person_id or (
        binding.room is not None and binding.room.home_id == bed.home_id
    )


def _no_assessment(bed: HomeBed, at: datetime) -> list[Missing]:
    there = Assessment.objects.filter(bed=bed, made_at__lte=at).exists()
    return [] if there else [Missing("assessment")]


def _no_equipment(bed: HomeBed, at: datetime) -> list[Missing]:
    lines = equipment_of(bed, at=at)
    if not lines:
        return [Missing("assessment")]
    return [
        Missing("equipment", line.need.code)
        for line in lines
        if line.need.required and not line.works
    ]


def _not_signed(bed: HomeBed, at: datetime) -> list[Missing]:
    today = timezone.localdate(at)
    there = Agreement.objects.filter(bed=bed, period__endswith__gt=today).exists()
    return [] if there else [Missing("agreement")]


def _no_agreement(bed: HomeBed, at: datetime) -> list[Missing]:
    today = timezone.localdate(at)
    there = Agreement.objects.filter(bed=bed, period__contains=today).exists()
    return [] if there else [Missing("agreement")]


def _no_plan(bed: HomeBed, at: datetime) -> list[Missing]:
    plan = CarePlan.objects.filter(bed=bed).order_by("-version").first()
    if plan is None:
        return [Missing("plan")]
    found = []
    if not Goal.objects.filter(plan=plan).exists():
        found.append(Missing("goal"))
    if not PlanService.objects.filter(plan=plan).exists():
        found.append(Missing("service"))
    return found


def _not_one(bed: HomeBed, _at: datetime) -> list[Missing]:
    """Say that the register knows its person as one of two who both have a bed, or as dead."""
    person = bed.person
    one = person.merged_into_id or person.pk
    others = HomeBed.objects.filter(Q(person=one) | Q(person__merged_into=one), state__in=OPEN)
    other = others.exclude(pk=bed.pk).order_by("number").first()
    found = [Missing("double", other.number)] if other is not None else []
    if person.died_on is not None:
        found.append(Missing("death"))
    return found


def _moved(bed: HomeBed, at: datetime) -> list[Missing]:
    home = people.home_of(bed.person.merged_into_id or bed.person_id, at=at)
    return [Missing("moved")] if home is not None and home.pk != bed.home_id else []


_ALL = (_not_one, _moved, _no_equipment, _no_agreement, _no_plan)
# What each step asks for; steps that are not named ask for nothing.
ASKS: dict[str, tuple[Callable[[HomeBed, datetime], list[Missing]], ...]] = {
    "assess": (_no_assessment,),
    "start_fitting": (_not_one, _no_assessment),
    "finish_fitting": (_not_one, _no_equipment),
    "agree": (_not_one, _not_signed),
    "activate": _ALL,
    "resume": _ALL,
}


def missing(bed: Any, step: str, *, at: datetime) -> list[Missing]:
    """Return what lacks before a bed may take a step; at most 9 queries."""
    return [one for ask in ASKS.get(step, ()) for one in ask(bed, at)]


def kept_of(bed: HomeBed) -> list[str]:
    """Return what was fitted when a bed ended and is not to come back, by type and key."""
    if bed.state != BedState.ENDED:
        return []
    rows = Fitting.objects.filter(need__bed=bed, period__endswith=bed.ended_at)
    back = EquipmentReturn.objects.filter(bed=bed).values("device")
    found = {row.device for row in rows.exclude(device__in=back).select_related("device")}
    return sorted(f"{devices.type_of(one.type).name} {one.key}" for one in found)
