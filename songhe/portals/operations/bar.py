"""The bar under the top of every staff page while the platform itself cannot be relied on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.domains.monitoring import selectors as monitoring
from songhe.kit import formats
from songhe.portals.operations import watch

SEES = "monitoring.list_alarms"


@dataclass(frozen=True, slots=True)
class Said:
    """What the bar says, in one sentence each; empty while all is well."""

    what: str = ""
    todo: str = ""
    names: list[str] = field(default_factory=list)


def said(*, may_open: bool) -> Said:
    """Return the bar's words for now."""
    now = timezone.now()
    found = watch.seen(at=now)
    if found is None:
        return Said()
    what = ""
    if not found.database_up:
        what = _("The database does not answer: what you see may be old, and no new alarm appears.")
    elif found.watch_silent and found.sampled_at is not None:
        what = _(
            "The background processes have been silent since %(time)s: no new alarm may be raised."
        ) % {"time": formats.clock_or_day(found.sampled_at, now)}
    elif found.watch_silent:
        what = _("The background processes have said nothing yet: no new alarm may be raised.")
    elif found.grave:
        names = [monitoring.rule_name(rule) for rule in found.grave]
        what = _("The platform is not well: %(names)s.") % {"names": _(", ").join(names)}
    if not what:
        return Said()
    todo = (
        _("Open the platform's page; it says what to do.")
        if may_open
        else _("Call the platform's engineer, and call those at risk by telephone.")
    )
    return Said(what, todo)


def panel(request: HttpRequest, _obj: Any = None) -> SafeString:
    """Return the bar; its empty place asks again every minute."""
    may_open = request.actor.may("operations.view_platform")  # type: ignore[attr-defined]
    context = {"bar": said(may_open=may_open), "may_open": may_open}
    return render_to_string("operations/bar.html", context, request=request)
