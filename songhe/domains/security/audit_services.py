"""Taking records of the audit out of the platform: with a reason, and itself audited."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.security.audit_reads import (
    EXPORT,
    PERSON,
    EntryLine,
    Search,
    exported,
    kind_words,
)
from songhe.engines.exchange import writing
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Denied


def export_entries(*, actor: Actor, wanted: Search, reason: str, at: datetime) -> tuple[bytes, int]:
    """Return a text table of the records that fit and their number; the export is audited."""
    if not actor.may(EXPORT):
        raise Denied(action=EXPORT)
    lines = exported(actor, wanted, at=at)
    ref = f"{PERSON}/{wanted.person}" if wanted.person else "audit.Chain"
    audit.record_change(
        actor=actor,
        action=EXPORT,
        ref=ref,
        at=at,
        detail={
            "rows": len(lines),
            "reason": reason,
            "user": wanted.user and str(wanted.user),
            "kind": wanted.kind,
            "action": wanted.action,
            "since": wanted.since and wanted.since.isoformat(),
            "until": wanted.until and wanted.until.isoformat(),
        },
    )
    heads = [
        _("Time"),
        _("Kind"),
        _("Who"),
        _("Post"),
        pgettext("audit", "What"),
        _("Why"),
        _("About whom"),
        _("Person's id"),
        _("Other"),
        _("Record's id"),
    ]
    return writing.write(heads, (_cells(line) for line in lines), kind=Format.CSV), len(lines)


def _cells(line: EntryLine) -> list[str]:
    return [
        timezone.localtime(line.at).strftime("%Y-%m-%d %H:%M:%S"),
        kind_words(line.kind),
        line.who.name if line.who else _("the platform itself"),
        line.who.post if line.who else "",
        line.what,
        line.why,
        line.whom.name if line.whom else "",
        str(line.whom.id) if line.whom else "",
        line.about,
        str(line.id),
    ]
