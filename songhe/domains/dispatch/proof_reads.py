"""What phones told of an order's visits, as the desk and who supervises read it.

Notes, photographs and spoken words stand under the class `notes`, measured values under `health`
as well: to whom that is closed, only that they are there is told. A phone whose clock was wrong is
named with by how much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from songhe.base import vault
from songhe.domains.dispatch import day_reads, measuring, terms
from songhe.domains.dispatch.models import Happening, Order, Visit
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.terms import HappeningKind
from songhe.domains.organizations import selectors as organizations
from songhe.domains.telemetry.terms import code_name, unit_words
from songhe.kernel import codes
from songhe.kit import formats
from songhe.kit.statuses import status_words

_SHOWN = (
    HappeningKind.STEP, HappeningKind.SKIPPED, HappeningKind.NOTE, HappeningKind.PHOTO,
    HappeningKind.SIGNATURE, HappeningKind.MEASURE,
)  # fmt: skip
_VOICE = "voice"


@dataclass(frozen=True, slots=True)
class Signed:
    """What somebody signed: the words on the screen, their SHA-256, and how it was signed."""

    how: str
    words: str
    language: str
    sha256: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One thing a phone told: when, what; a file with its kind (picture, sound), "" without one.

    signed: what was signed, where it is a signature. beyond: which value is beyond which limit, and
    what she did then; odd: which can hardly be.
    """

    iso: str
    time: str
    what: str
    words: str
    file: str
    file_kind: str
    signed: Signed | None = None
    beyond: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What one worker's phone told of her visit. clock: by how much it was wrong, "" if it was not.

    late: how much later the last of it reached us, "" where it came at once. beyond: how many of
    its steps have a value beyond its limit.
    """

    visit: Visit
    worker: str
    records: tuple[Record, ...]
    clock: str
    late: str
    photo: str | None = None

    @property
    def beyond(self) -> int:
        return sum(1 for one in self.records if one.beyond)


def told_of(
    order: Order, *, fields: Collection[str], at: datetime, faces: bool = True
) -> list[Told]:
    """Return what phones told of an order that was opened to who asks; 3 queries.

    fields: the classes of its person that are open to her. faces: whether she may see the
    portraits of who went.
    """
    visits = list(Visit.objects.filter(order=order).select_related("worker").order_by("period"))
    rows: dict[UUID, list[Happening]] = {}
    for row in Happening.objects.filter(visit__in=visits).order_by("at", "id"):
        rows.setdefault(row.visit_id, []).append(row)
    photos = organizations.portraits_of(visit.worker_id for visit in visits if faces)
    is_english = (get_language() or "").startswith("en")
    steps = {step.code: step.en if is_english else step.zh for step in day_reads.item_steps(order)}
    return [
        Told(
            visit=visit,
            worker=visit.worker.display_name,
            records=tuple(
                _record(row, steps, fields, at) for row in rows[visit.pk] if row.kind in _SHOWN
            ),
            clock=clock_words(rows[visit.pk]),
            late=_late_words(rows[visit.pk]),
            photo=photos.get(visit.worker_id),
        )
        for visit in visits
        if rows.get(visit.pk)
    ]


def _record(row: Happening, steps: dict[str, str], fields: Collection[str], at: datetime) -> Record:
    opens = "notes" in fields
    opens_values = opens and "health" in fields
    is_voice = row.data.get("sort") == _VOICE
    what = _("spoken note") if is_voice else str(HappeningKind(row.kind).label)
    if row.step:
        what = steps.get(row.step, row.step)
        if row.kind == HappeningKind.SKIPPED:
            what = _("left out: %(step)s") % {"step": what}
    words = ""
    if row.text_sealed is not None:
        words = _("not open to you")
        if opens:
            text = vault.unseal(row.text_sealed, field=Happening.TEXT, pk=row.pk)
            words = terms.said(terms.Quick, text)
    elif opens and row.kind == HappeningKind.SKIPPED:
        words = terms.said(terms.LeftOut, str(row.data.get("reason", "")))
    elif opens_values:
        words = _values(row)
    elif row.data.get("values") and not row.data.get("beyond"):
        words = _("not open to you")
    if row.file and not opens:
        words = words or _("not open to you")
    return Record(
        iso=row.at.isoformat(),
        time=formats.clock_and_day(row.at, at),
        what=what,
        words=words,
        file=row.file if opens else "",
        file_kind=("sound" if is_voice else "picture") if row.file else "",
        signed=Signed(**row.data["signed"]) if row.data.get("signed") else None,
        beyond=_beyond(row, opens_values),
        odd=_odd(row) if opens_values else (),
    )


_DID = {
    measuring.Did.WENT_ON: gettext_lazy("She was told on her phone, without delay, and went on."),
    measuring.Did.STOPPED: gettext_lazy("She was told on her phone, without delay, and stopped."),
    measuring.Did.LATER: gettext_lazy(
        "She was told once it was kept; what she did then is not known."
    ),
    measuring.Did.UNKNOWN: gettext_lazy("Whether she was told on her phone is not known."),
}


def _beyond(row: Happening, opens: bool) -> tuple[str, ...]:
    """Return each value that is beyond its limit, with the limit, then what she did.

    To whom values are closed, only that there is one: how the work was done is hers to know.
    """
    did = measuring.did_of(row.data)
    if did is None:
        return ()
    said = [_("A value beyond its limit; the value is not open to you.")]
    if opens:
        said = [beyond_words(one) for one in measuring.beyond_of(row.data)]
    return (*said, str(_DID[did]))


def beyond_words(one: measuring.Beyond) -> str:
    """Return a value that is beyond its limit, with the limit and where that comes from."""
    code = codes.by_code(one.code)
    is_above = one.ge is not None and one.value >= one.ge
    bound = one.ge if is_above else one.le
    said = _("from %(value)s up") if is_above else _("from %(value)s down")
    return _("%(what)s beyond its limit (%(limit)s; %(source)s: %(status)s)") % {
        "what": f"{code_name(code)} {code.text(one.value)} {unit_words(code)}",
        "limit": said % {"value": code.text(bound or 0.0)},
        "source": one.source,
        "status": status_words(one.status),
    }


def _odd(row: Happening) -> tuple[str, ...]:
    """Return each value that can hardly be, and whether she confirmed it."""
    found = []
    for key in row.data.get("odd", ()):
        code, is_sure = codes.by_code(key), key in row.data.get("sure", ())
        about = {"name": code_name(code), "low": code.text(code.low), "high": code.text(code.high)}
        if measuring.is_exchanged(key, row.data["values"]):
            about["other"] = code_name(codes.by_code(measuring.UNDER[key]))
            sure = _("%(name)s is not below %(other)s, and confirmed by her")
            unsure = _("%(name)s is not below %(other)s, not confirmed")
        else:
            sure = _("%(name)s: hardly possible (%(low)s to %(high)s), and confirmed by her")
            unsure = _("%(name)s: hardly possible (%(low)s to %(high)s), not confirmed")
        found.append((sure if is_sure else unsure) % about)
    return tuple(found)


def _values(row: Happening) -> str:
    said = []
    for key, value in dict(row.data.get("values", {})).items():
        try:
            code = codes.by_code(str(key))
        except codes.UnknownCode:
            said.append((len(codes.all_codes()), f"{key} {value}"))
        else:
            text = f"{code_name(code)} {code.text(float(value))} {unit_words(code)}".strip()
            said.append((code.number, text))
    return " · ".join(text for _number, text in sorted(said))


def clock_words(rows: Iterable[Happening]) -> str:
    """Return by how much a phone's clock was wrong at the worst; "" where it was right enough."""
    worst = max((row.offset_s or 0.0 for row in rows), key=abs, default=0.0)
    if abs(worst) <= float(params()["clock"]["wrong_s"]):
        return ""
    length = formats.span(timedelta(seconds=abs(worst)))
    if worst > 0:
        return _("The phone's clock was %(length)s fast; times here are put right.") % {
            "length": length
        }
    return _("The phone's clock was %(length)s slow; times here are put right.") % {
        "length": length
    }


def _late_words(rows: Iterable[Happening]) -> str:
    latest = max(((row.received_at - row.at) for row in rows), default=timedelta())
    if latest < timedelta(minutes=10):
        return ""
    return _("Reached us %(length)s later: the phone had no signal, or was not opened.") % {
        "length": formats.span(latest)
    }
