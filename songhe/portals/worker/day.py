"""A worker's day as her phone keeps it: which pages, in which version, until when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language

from songhe.domains.dispatch.panels import day_reads, own_calls
from songhe.kit.asks import actor_of

# What the pages need without a network, in the order in which it is loaded.
STYLES = ("kit/tokens.css", "kit/base.css", "kit/components.css", "kit/shell.css",
          "kit/elder.css", "kit/print.css", "worker/work.css")  # fmt: skip
SCRIPTS = ("worker/kept.js", "worker/sending.js", "worker/proof.js", "worker/way.js",
           "kit/sign.js", "worker/shown.js", "worker/clock.js", "worker/door.js",
           "worker/measured.js", "worker/forms.js", "worker/work.js")  # fmt: skip
_ICON = "kit/mark.svg"
# Loaded when somebody scans with a browser that reads no codes itself.
READER = "worker/vendor/qr-decode.js"


@dataclass(frozen=True, slots=True)
class Shell:
    """What belongs to no day: the files and the page without a signal; version: of all of them."""

    version: str
    assets: tuple[str, ...]


def shell() -> Shell:
    """Return the shell with the addresses of its files."""
    files = (*STYLES, *SCRIPTS, _ICON, READER)
    return Shell(_version_of(files), tuple(static(name) for name in files))


@cache
def _version_of(files: tuple[str, ...]) -> str:
    mark = hashlib.sha256()
    for name in files:
        path = finders.find(name)
        if isinstance(path, str):
            with open(path, "rb") as file:
                mark.update(file.read())
    return mark.hexdigest()[:16]


def told(request: HttpRequest, day: day_reads.Day, *, at: datetime) -> dict[str, Any]:
    """Return what a phone is told of its worker's day: pages with versions, visits, offers."""
    every = [_parts(line) for line in day.visits]
    offers = [(str(one.offer.pk), one.where) for one in day.offers]
    asked = own_calls.asked_to_go(actor_of(request), at=at)
    pages = (
        [
            {"url": reverse(name), "version": _mark(request, at, every, offers, asked)}
            for name in ("worker:today", "worker:route", "worker:me")
        ]
        + [
            {"url": reverse("worker:help"), "version": _mark(request, at, _call(request, at))},
        ]
        + [
            {
                "url": reverse("worker:visit", args=[line.visit.pk]),
                "version": _mark(request, at, parts, line.number, line.count),
            }
            for line, parts in zip(day.visits, every, strict=True)
        ]
    )
    return {
        "now": at.isoformat(),
        "until": day.until.isoformat(),
        "user": str(request.actor.user_id),  # type: ignore[attr-defined]
        "token": get_token(request),
        "shell": shell().version,
        "pages": pages,
        "visits": [
            {
                "id": str(line.visit.pk),
                "state": line.visit.state,
                "begins_at": line.visit.period.lower.isoformat(),
                "ends_at": line.visit.period.upper.isoformat(),
            }
            for line in day.visits
        ],
        "off": [{"id": str(one.id), "what": one.what} for one in day.off],
        "offers": [
            {"id": str(one.offer.pk), "deadline_at": one.offer.deadline_at.isoformat()}
            for one in day.offers
        ],
    }


def _call(request: HttpRequest, at: datetime) -> tuple[Any, ...]:
    """Return what makes the page of the worker's own call another one."""
    call = own_calls.own_call(actor_of(request), at=at)
    return () if call is None else (call.ref, call.times, str(call.seen_at), call.asked)


def _parts(line: day_reads.DayVisit) -> tuple[Any, ...]:
    """Return what makes the page of a visit another one."""
    visit, person = line.visit, line.person
    return (
        str(visit.pk), visit.state, str(visit.period), line.happened, str(line.heard_at),
        str(visit.ended_at), line.where, line.along, [fact.text for fact in line.facts],
        person.name if person is not None else "", line.door, line.why,
    )  # fmt: skip


def _mark(request: HttpRequest, at: datetime, *parts: Any) -> str:
    """Return a version: of what is shown, language, look, shell, and the hour (phones, notes)."""
    look = getattr(request, "look", None)
    whole = (parts, get_language(), str(look), shell().version, at.strftime("%Y%m%d%H"))
    key = settings.SECRET_KEY.encode()[:32]
    return hashlib.blake2b(repr(whole).encode(), digest_size=8, key=key).hexdigest()
