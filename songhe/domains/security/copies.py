"""The copy of everything that is held of a person: for people to read, and for machines."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.audit.models import AuditEntry
from songhe.base.files import selectors as files
from songhe.base.files.media import Media
from songhe.base.subjects import collecting
from songhe.domains.people import selectors as people
from songhe.domains.security.audit_reads import PERSON
from songhe.domains.security.audit_words import action_words, column_words, table_words, why_words
from songhe.domains.security.models import DataRequest
from songhe.domains.security.services import NoSuchRequest
from songhe.domains.security.terms import RequestKind, RequestState
from songhe.engines.exchange import writing
from songhe.engines.exchange.terms import Format
from songhe.kernel import codes

DOWNLOAD = "security.download_copy"
MOST_LOOKS = 20_000
_PLAIN = frozenset({"id", "person_id", "row", "created_at"})


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the readable copy: its heading, and each row as (heading, text) pairs."""

    title: str
    rows: list[list[tuple[str, str]]]


def copy_of(actor: Actor, request_id: UUID, action: str, *, at: datetime) -> bytes:
    """Return a ZIP archive with the copy of a finished request; the download is audited.

    readable.html for people; data.json, readings.csv and looks.csv for machines. Raises
    NoSuchRequest unless the actor may and the request is for a copy that is ready.
    """
    rows = policies.scope(actor, DataRequest.objects.all(), action)
    ready = rows.filter(kind=RequestKind.COPY, state=RequestState.DONE)
    request = ready.filter(pk=request_id).first()
    if request is None:
        raise NoSuchRequest
    audit.record_change(
        actor=actor,
        action=DOWNLOAD,
        ref=f"{PERSON}/{request.person_id}",
        at=at,
        detail={"request": str(request.pk)},
    )
    with lifted():  # what is hers is hers, whatever the grant of her own account opens
        return _archive(request.person_id, at)


def _archive(person_id: UUID, at: datetime) -> bytes:
    found = collecting.collect(person_id)
    name = people.choose_person(SYSTEM, people.VIEW, person_id).name
    looks = list(_looks(person_id))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        data = {"person": str(person_id), "at": at.isoformat(), "tables": found}
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        measured = [[_("Time"), pgettext("audit", "What"), _("Value"), _("Unit")]]
        count = 0
        with archive.open("readings.csv", "w", force_zip64=True) as sheet:
            sheet.write(writing.write(measured[0], [], kind=Format.CSV))
            for line in _readings(person_id):
                sheet.write((",".join(line) + "\r\n").encode())
                count += 1
        heads = [_("Time"), _("Who"), pgettext("audit", "What"), _("Why")]
        for file, body in files.of_person(person_id):
            archive.writestr(f"files/{file.pk}.{Media(file.media).ending}", body)
        archive.writestr("looks.csv", writing.write(heads, looks, kind=Format.CSV))
        context = {
            "name": name,
            "at": at,
            "sections": [_section(table, found[table]) for table in reversed(found)],
            "readings": count,
            "looks": len(looks),
            "language": "en" if (get_language() or "").startswith("en") else "zh-CN",
        }
        archive.writestr("readable.html", render_to_string("security/requests/copy.html", context))
    return out.getvalue()


def _readings(person_id: UUID) -> Iterator[list[str]]:
    english = (get_language() or "zh").startswith("en")
    for at, _device, numbers, values in collecting.readings(person_id):
        moment = timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")
        for number, value in zip(numbers, values, strict=True):
            code = codes.by_number(number)
            yield [
                moment,
                (code.en if english else code.zh).replace(",", " "),
                f"{value:g}",
                code.unit,
            ]


def _looks(person_id: UUID) -> Iterator[list[str]]:
    rows = AuditEntry.objects.filter(ref=f"{PERSON}/{person_id}").exclude(kind="refused")
    found = list(rows.order_by("-at", "-id")[:MOST_LOOKS])
    ids = {row.user_id for row in found if row.user_id}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "display_name"))
    for row in found:
        yield [
            timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S"),
            names.get(row.user_id, "") if row.user_id else _("the platform itself"),
            action_words(row.action),
            why_words(row.action, row.purpose),
        ]


def _section(table: str, rows: list[dict[str, Any]]) -> Section:
    lines = []
    for row in rows:
        pairs = [
            (column_words(_column(table, name)), _text(value))
            for name, value in row.items()
            if name not in _PLAIN and not name.endswith("_id") and value not in ("", [], {})
        ]
        lines.append(pairs)
    return Section(table_words(table), lines)


def _column(table: str, name: str) -> str:
    sealed = f"{name}_sealed"
    return sealed if column_words(sealed) != sealed else name


def _text(value: Any) -> str:
    if isinstance(value, dict) and set(value) == {"from", "until"}:
        return _("%(since)s to %(until)s") % {
            "since": (value["from"] or "…")[:16].replace("T", " "),
            "until": (value["until"] or "…")[:16].replace("T", " "),
        }
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
