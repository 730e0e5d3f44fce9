"""The strip under the top bar of the desk while a worker's own call for help is unread.

A call that a colleague has opened says so, as the rows of alarms do that somebody has.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from songhe.base.notify import selectors as notices
from songhe.base.notify import words
from songhe.base.notify.models import Notice
from songhe.domains.dispatch.panels import WORKER_HELP, own_calls
from songhe.kit.asks import actor_of

SEES = "dispatch.send_helper"
_SHOWN, _LOOKED_AT = 5, 20


def _is_now(row: Notice) -> bool:
    return timezone.now() - row.made_at < own_calls.LONGEST


def _leads_to(row: Notice) -> str:
    """Return the page of the call; of one that is past, the notice itself."""
    return row.url if row.url and _is_now(row) else reverse("notices:open", args=[row.pk])


def panel(request: HttpRequest, _obj: Any = None) -> SafeString:
    """Return the strip, one line a worker; its empty place looks again when a notice comes."""
    actor = actor_of(request)
    rows = notices.notices_of(actor, only_unread=True).filter(kind=WORKER_HELP)[:_LOOKED_AT]
    newest = {row.url or str(row.pk): row for row in reversed(list(rows))}
    standing = own_calls.told_in(row.ref for row in newest.values()) if newest else {}
    ranked = sorted(
        (row for row in newest.values() if standing[row.ref].seen_at is None or _is_now(row)),
        key=lambda row: (standing[row.ref].seen_at is None, row.made_at),
    )
    calls = [
        {
            "url": _leads_to(row),
            "title": words.title_of(row, actor),
            "body": words.body_of(row, actor),
            "call": standing[row.ref],
        }
        for row in reversed(ranked[-_SHOWN:])
    ]
    return render_to_string("worker/bar.html", {"calls": calls}, request=request)
