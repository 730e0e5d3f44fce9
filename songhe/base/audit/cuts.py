"""Cuts: the signed word that records up to a position of the chain were destroyed by time."""

from __future__ import annotations

from typing import Any

from songhe.base.audit import proof
from songhe.base.audit.models import AuditCut


def newest() -> AuditCut | None:
    """Return the cut that holds, None while nothing was destroyed; 1 query."""
    return AuditCut.objects.order_by("-id").first()


def said(cut: AuditCut) -> dict[str, Any]:
    """Return a cut as an export writes it down and `Check.cut` takes it."""
    return {
        "day": cut.day.isoformat(),
        "last": cut.last,
        "link": cut.link,
        "destroyed": cut.destroyed,
        "kept": cut.kept,
        "at": proof.moment(cut.made_at),
        "signature": cut.signature,
    }
