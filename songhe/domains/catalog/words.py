"""Words of the catalogue: money, units, steps, and what a version changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from songhe.base.regions import selectors as regions
from songhe.domains.catalog.selectors import PriceView, VersionView, english
from songhe.domains.catalog.terms import (
    ICONS,
    Check,
    Evidence,
    ItemKind,
    Judged,
    Limit,
    Step,
    Unit,
)
from songhe.domains.organizations.terms import all_qualifications
from songhe.kernel import codes
from songhe.kit import formats
from songhe.kit.statuses import status_words

MEASURE_WORDS: dict[str, Promise] = {
    "blood-pressure": gettext_lazy("blood pressure"),
    "heart-rate": gettext_lazy("pulse"),
    "temperature": gettext_lazy("body temperature"),
    "spo2": gettext_lazy("oxygen saturation"),
    "glucose": gettext_lazy("blood glucose"),
    "weight": gettext_lazy("weight"),
    "room-temperature": gettext_lazy("room temperature"),
}


def money(fen: int) -> str:
    """Return an amount as it is written: ¥120, ¥12.50."""
    text = f"{Decimal(fen) / 100:,.2f}"
    return f"¥{text.removesuffix('.00')}"


def price_words(price: PriceView | None) -> str:
    """Return a price with its unit; "" without one."""
    if price is None:
        return ""
    return _("%(money)s for %(unit)s") % {
        "money": money(price.amount_fen),
        "unit": Unit(price.per).label,
    }


def kind_words(kind: str) -> str:
    """Return the name of a kind of services."""
    return str(ItemKind(kind).label)


def names_of(codes: Iterable[str]) -> list[str]:
    """Return the names of qualifications."""
    known = all_qualifications()
    return [known[code].name if code in known else code for code in codes]


def region_names(codes: Iterable[str]) -> dict[str, str]:
    """Return regions by code, the whole install for ""; 1 query."""
    wanted = sorted({code for code in codes if code})
    found = regions.by_code(wanted) if wanted else {}
    named = {
        code: row.name_en if english() and row.name_en else row.name for code, row in found.items()
    }
    return {"": _("everywhere"), **named}


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step as whoever does it reads it."""

    text: str
    evidence: str
    icon: str
    required: bool
    most: int | None
    stop: str
    limits: tuple[str, ...] = ()


# Units of what a step may measure, as people write them; the others are written as they are.
_UNITS = {"mm[Hg]": "mmHg", "Cel": "°C"}


def limit_words(limit: Limit) -> str:
    """Return a limit with its unit, its source and how sure it is."""
    code = codes.by_code(limit.code)
    unit = _UNITS.get(code.unit, code.unit)
    bounds = []
    if limit.ge is not None:
        bounds.append(_("from %(value)s up") % {"value": code.text(limit.ge)})
    if limit.le is not None:
        bounds.append(_("from %(value)s down") % {"value": code.text(limit.le)})
    name = code.en if english() else code.zh
    said = f"{name} {pgettext('listed words', ', ').join(bounds)} {unit}"
    return f"{said} ({limit.source}: {status_words(limit.status)})"


_EVIDENCE_ICONS = {
    Evidence.CHECK: "check",
    Evidence.PHOTO: "camera",
    Evidence.SIGNATURE: "pen-line",
    Evidence.MEASURE: "gauge",
    Evidence.TIMER: "timer",
}


def step_words(step: Step) -> StepWords:
    """Return a step in the reader's language."""
    kind = Evidence(step.evidence)
    proof = "" if kind == Evidence.NONE else str(kind.label)
    if kind == Evidence.MEASURE:
        proof = _("measure: %(what)s") % {"what": MEASURE_WORDS[step.measure]}
    return StepWords(
        text=step.en if english() else step.zh,
        evidence=proof,
        icon=_EVIDENCE_ICONS.get(kind, ""),
        required=step.required,
        most=step.most_minutes,
        stop=step.stop_en if english() else step.stop_zh,
        limits=tuple(limit_words(one) for one in step.limits),
    )


def check_words(check: Check) -> tuple[str, str]:
    """Return a quality check and how it is judged."""
    return (check.en if english() else check.zh), str(Judged(check.judged).label)


def icon_of(kind: str) -> str:
    """Return the icon of a kind of services."""
    return ICONS[kind]


def changes(before: VersionView | None, after: VersionView) -> list[str]:
    """Return what a version changed, a sentence each; the first version changed nothing."""
    if before is None:
        return [_("The first version.")]
    found = []
    if (before.name_zh, before.name_en) != (after.name_zh, after.name_en):
        found.append(_("Name: %(a)s → %(b)s") % {"a": before.name, "b": after.name})
    if (before.text_zh, before.text_en) != (after.text_zh, after.text_en):
        found.append(_("Description changed."))
    for label, a, b in (
        (_("Minutes"), before.duration_minutes, after.duration_minutes),
        (_("Workers needed"), before.workers_needed, after.workers_needed),
    ):
        if a != b:
            found.append(_("%(what)s: %(a)s → %(b)s") % {"what": label, "a": a, "b": b})
    if before.requires != after.requires:
        asked = pgettext("listed words", ", ").join(names_of(after.requires)) or _("nothing")
        found.append(_("Asked of workers: %(names)s") % {"names": asked})
    return found + _rows(before.steps, after.steps) + _rows(before.checks, after.checks)


def _rows(
    before: tuple[Step, ...] | tuple[Check, ...], after: tuple[Step, ...] | tuple[Check, ...]
) -> list[str]:
    old, new = {row.code: row for row in before}, {row.code: row for row in after}
    found = [
        _("New: %(text)s") % {"text": _text(row)} for code, row in new.items() if code not in old
    ]
    found += [
        _("Gone: %(text)s") % {"text": _text(row)} for code, row in old.items() if code not in new
    ]
    found += [
        _("Changed: %(text)s") % {"text": _text(row)}
        for code, row in new.items()
        if code in old and old[code] != row
    ]
    both = [code for code in old if code in new]
    if both != [code for code in new if code in old]:
        found.append(_("Another order."))
    return found


def _text(row: Step | Check) -> str:
    return row.en if english() else row.zh


def days(since: object, until: object) -> str:
    """Return a period of days in words; until is the first day after it."""
    first = formats.short_date(since)  # type: ignore[arg-type]
    if until is None:
        return _("from %(first)s") % {"first": first}
    return _("from %(first)s until before %(last)s") % {
        "first": first,
        "last": formats.short_date(until),  # type: ignore[arg-type]
    }
