"""Whether a draft of an item can be carried out: refusals name the field at fault."""

from __future__ import annotations

import re
from collections import Counter

from songhe.domains.catalog.selectors import english
from songhe.domains.catalog.terms import MEASURES, Check, Draft, Evidence, Judged, Limit, Step
from songhe.domains.organizations.terms import all_qualifications
from songhe.kernel import codes
from songhe.kernel.errors import Invalid
from songhe.kit.statuses import WORDS

MOST_STEPS = 40
MOST_MINUTES = 1440
MOST_WORKERS = 6
_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class NotACode(Invalid):
    code = "catalog.not_a_code"
    message = "A code is of small letters, digits and hyphens, such as home-bath."


class NotSound(Invalid):
    code = "catalog.not_sound"
    message = "This cannot be carried out as it stands."


class NamesMissing(NotSound):
    code = "catalog.names_missing"
    message = "Give the name in Chinese and in English."


class WordsMissing(NotSound):
    code = "catalog.words_missing"
    message = "Line %(number)s needs its words in Chinese and in English."


class NoSteps(NotSound):
    code = "catalog.no_steps"
    message = "Give between one and %(most)s steps."


class SameTwice(NotSound):
    code = "catalog.same_twice"
    message = "The code %(given)s stands there twice."


class NothingMeasured(NotSound):
    code = "catalog.nothing_measured"
    message = "Line %(number)s: say what is measured, and only where the proof is a measured value."


class NotALimit(NotSound):
    code = "catalog.not_a_limit"
    message = (
        "Line %(number)s: a limit lies within what %(what)s can be (%(low)s to %(high)s), the lower"
        " one below the upper one, and says where its numbers come from."
    )


class NotATime(NotSound):
    code = "catalog.not_a_time"
    message = "Give minutes between 1 and %(most)s."


class NotSoMany(NotSound):
    code = "catalog.not_so_many"
    message = "Between one and %(most)s people can come at a time."


class UnknownQualification(NotSound):
    code = "catalog.unknown_qualification"
    message = "There is no qualification %(given)s."


def is_code(text: str) -> bool:
    """Tell whether a text may be a code."""
    return len(text) <= 40 and _CODE.fullmatch(text) is not None


def sound(draft: Draft) -> None:
    """Make sure that a draft can be carried out. Raises NotSound with the field at fault."""
    if not draft.name_zh.strip() or not draft.name_en.strip():
        raise NamesMissing(field="name_en" if draft.name_zh.strip() else "name_zh")
    if not 1 <= draft.duration_minutes <= MOST_MINUTES:
        raise NotATime(field="duration_minutes", most=MOST_MINUTES)
    if not 1 <= draft.workers_needed <= MOST_WORKERS:
        raise NotSoMany(field="workers_needed", most=MOST_WORKERS)
    for code in draft.requires:
        if code not in all_qualifications():
            raise UnknownQualification(field="requires", given=code[:32])
    if not 1 <= len(draft.steps) <= MOST_STEPS:
        raise NoSteps(field="steps", most=MOST_STEPS)
    _lines("steps", draft.steps)
    _lines("checks", draft.checks)
    for number, step in enumerate(draft.steps):
        _step(f"steps-{number}", number + 1, step)
    for number, check in enumerate(draft.checks):
        if check.judged not in Judged.values:
            raise NotSound(field=f"checks-{number}-judged")


def _step(where: str, number: int, step: Step) -> None:
    if step.evidence not in Evidence.values:
        raise NotSound(field=f"{where}-evidence")
    if (step.evidence == Evidence.MEASURE) != (step.measure in MEASURES):
        raise NothingMeasured(field=f"{where}-measure", number=number)
    if step.most_minutes is not None and not 1 <= step.most_minutes <= MOST_MINUTES:
        raise NotATime(field=f"{where}-most_minutes", most=MOST_MINUTES)
    if bool(step.stop_zh.strip()) != bool(step.stop_en.strip()):
        missing = "en" if step.stop_zh.strip() else "zh"
        raise WordsMissing(field=f"{where}-stop_{missing}", number=number)
    for limit in step.limits:
        _limit(where, number, step, limit)


def _limit(where: str, number: int, step: Step, limit: Limit) -> None:
    """Make sure that a limit can be judged, and that there are words for what to do then."""
    if limit.code not in step.codes:
        raise NothingMeasured(field=f"{where}-measure", number=number)
    known = codes.by_code(limit.code)
    bounds = [one for one in (limit.le, limit.ge) if one is not None]
    can_be = bounds == sorted(set(bounds)) and all(known.low <= one <= known.high for one in bounds)
    if not bounds or not can_be or not limit.source.strip() or limit.status not in WORDS:
        what = known.en if english() else known.zh
        raise NotALimit(
            field=f"{where}-limit_source" if bounds and can_be else f"{where}-measure",
            number=number, what=what, low=known.text(known.low), high=known.text(known.high),
        )  # fmt: skip
    if not step.stop_zh.strip():
        raise WordsMissing(field=f"{where}-stop_zh", number=number)


def _lines(name: str, rows: tuple[Step, ...] | tuple[Check, ...]) -> None:
    for number, row in enumerate(rows, start=1):
        where = f"{name}-{number - 1}"
        if not row.zh.strip() or not row.en.strip():
            missing = "en" if row.zh.strip() else "zh"
            raise WordsMissing(field=f"{where}-{missing}", number=number)
        if not is_code(row.code):
            raise NotACode(field=f"{where}-zh")
    for code, count in Counter(row.code for row in rows).items():
        if count > 1:
            raise SameTwice(field=name, given=code)
