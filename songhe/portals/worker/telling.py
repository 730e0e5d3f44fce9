"""What a phone sends, as JSON or as a plain form, and what it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from songhe.base.access.actor import Actor
from songhe.domains.dispatch import services
from songhe.domains.dispatch.services import proofs
from songhe.domains.dispatch.services.happenings import Answer, Told
from songhe.domains.dispatch.services.helping import call_for_help
from songhe.domains.dispatch.terms import HappeningKind, Way
from songhe.kernel.errors import Invalid, SongheError
from songhe.kernel.ids import uuid7
from songhe.kit.errors import sentence

MOST = 500
_DATA_BYTES = 4_000


class NotReadable(Invalid):
    code = "worker.not_readable"
    message = "This record could not be read. Please call the desk and tell it in words."


class TooMany(Invalid):
    code = "worker.too_many"
    message = "Too many records at once. Please send them again in smaller parts."


class Sent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One record of a phone, as `Told` has it. visit: None only of a call for help."""

    id: UUID
    visit: UUID | None
    kind: HappeningKind
    device_at: datetime
    age_s: float | None = None
    offset_s: float | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    shown: str = ""
    way: Way = Way.NONE
    step: str = ""
    file: str = ""
    text: str = ""
    data: dict[str, Any] = {}


class Batch(msgspec.Struct, kw_only=True):
    """What a phone has kept. sent_at: its clock now."""

    sent_at: datetime
    told: list[msgspec.Raw] = []


def read_batch(body: bytes) -> Batch:
    """Return the batch. Raises NotReadable, TooMany."""
    try:
        batch = msgspec.json.decode(body, type=Batch)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotReadable from error
    if batch.sent_at.tzinfo is None:
        raise NotReadable
    if len(batch.told) > MOST:
        raise TooMany
    return batch


def take(actor: Actor, batch: Batch, *, at: datetime) -> list[dict[str, str]]:
    """Take a batch; answer each record by its id: taken, known, or refused with a sentence.

    One that cannot be read is refused by itself: the others are taken all the same.
    """
    answers: list[Answer] = []
    visits: list[Told] = []
    unread: list[dict[str, str]] = []
    for raw in batch.told:
        try:
            sent = _sent(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            unread.append({"id": _id_of(raw), "state": "refused", "words": sentence(NotReadable())})
            continue
        if sent.kind == HappeningKind.HELP:
            try:
                answers.append(_help(actor, sent, batch.sent_at, at))
            except SongheError as error:
                answers.append(Answer(sent.id, "refused", error))
        elif sent.visit is None:
            answers.append(Answer(sent.id, "refused", NotReadable()))
        else:
            visits.append(_told(sent, sent.visit))
    answers += services.take_happenings(actor=actor, told=visits, sent_at=batch.sent_at, at=at)
    return [_said(one) for one in answers] + unread


def _sent(raw: msgspec.Raw) -> Sent:
    sent = msgspec.json.decode(raw, type=Sent)
    numbers = (sent.age_s, sent.offset_s, sent.lat, sent.lon, sent.accuracy_m)
    if sent.device_at.tzinfo is None or any(abs(one) > 1e9 for one in numbers if one is not None):
        raise ValueError
    if not 2000 < sent.device_at.year < 2200 or len(msgspec.json.encode(sent.data)) > _DATA_BYTES:
        raise ValueError
    if "\0" in sent.text + sent.step + sent.file + str(sent.data):
        raise ValueError
    return sent


def _id_of(raw: msgspec.Raw) -> str:
    try:
        return str(msgspec.json.decode(raw)["id"])[:40]
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError):
        return ""


def _told(sent: Sent, visit_id: UUID) -> Told:
    given = {name: getattr(sent, name) for name in sent.__struct_fields__ if name != "visit"}
    return Told(visit_id=visit_id, **given)


def _help(actor: Actor, sent: Sent, sent_at: datetime, at: datetime) -> Answer:
    told = _told(sent, sent.visit or sent.id)
    return call_for_help(actor=actor, told=told, visit_id=sent.visit, sent_at=sent_at, at=at)


def _said(answer: Answer) -> dict[str, str]:
    words = sentence(answer.error) if answer.error is not None else ""
    return {"id": str(answer.id), "state": answer.state, "words": words}


def from_form(visit_id: UUID | None, form: Mapping[str, Any], *, file: str, at: datetime) -> Sent:
    """Return what a plain form tells; it happened now. Raises NotReadable."""
    measured = {
        name.removeprefix("value-"): _number(value)
        for name, value in form.items()
        if name.startswith("value-") and str(value).strip()
    }
    data: dict[str, Any] = {
        name: str(form[name])[:200] for name in ("reason", "why") if form.get(name)
    }
    if measured:
        # Without scripts nobody tells her before it is kept that a value is beyond its limit.
        data |= {"values": measured, "did": "later"}
    if form.get("kind") == HappeningKind.SIGNATURE:
        words, language = form.get("signed_words", ""), form.get("signed_language", "")
        data["signed"] = {"how": "photo", "words": str(words)[:500], "language": str(language)[:5]}
    shown = str(form.get("shown", "")).strip()
    way = str(form.get("way", ""))
    try:
        return Sent(
            id=UUID(str(form["id"])) if form.get("id") else uuid7(),
            visit=visit_id,
            kind=HappeningKind(str(form.get("kind", ""))),
            device_at=at,
            age_s=0.0,
            shown=shown,
            way=Way(way) if way else Way.CODE if shown else Way.NONE,
            step=str(form.get("step", "")),
            text=str(form.get("text", "")),
            file=file,
            data=data,
        )
    except ValueError as error:
        raise NotReadable from error


def _number(value: Any) -> float:
    try:
        return float(str(value).replace(",", "."))
    except ValueError as error:
        raise NotReadable from error


def take_one(actor: Actor, sent: Sent, *, at: datetime) -> None:
    """Take one record of a plain form. Raises what refuses it."""
    if sent.kind == HappeningKind.HELP:
        _help(actor, sent, at, at)
        return
    if sent.visit is None:
        raise NotReadable
    told = _told(sent, sent.visit)
    for answer in services.take_happenings(actor=actor, told=[told], sent_at=at, at=at):
        if answer.error is not None:
            raise answer.error


def take_form(
    actor: Actor, visit_id: UUID | None, form: Mapping[str, Any], upload: Any, *, at: datetime
) -> None:
    """Take one record of a plain form with its file. Raises what refuses it."""
    file_id = ""
    if upload is not None and visit_id is not None:
        file_id = str(uuid7())
        proofs.keep_proof(
            actor=actor,
            visit_id=visit_id,
            file_id=UUID(file_id),
            content=upload.read(),
            name=str(upload.name),
            at=at,
        )
    take_one(actor, from_form(visit_id, form, file=file_id, at=at), at=at)


def file_of(form: Mapping[str, Any], upload: Any) -> tuple[UUID, UUID, bytes]:
    """Return of which visit a file is, its number and its content. Raises NotReadable."""
    try:
        visit_id, file_id = UUID(str(form["visit"])), UUID(str(form["id"]))
    except (KeyError, ValueError) as error:
        raise NotReadable from error
    if upload is None:
        raise NotReadable
    return visit_id, file_id, bytes(upload.read())
