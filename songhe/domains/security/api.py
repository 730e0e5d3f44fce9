"""The audit, for the machine of an auditor."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from pydantic import Field

from songhe.domains.security import audit_reads
from songhe.domains.security.audit_reads import EntryLine, Search
from songhe.kit.api import Answer, Asked, Moment, Operations
from songhe.kit.asks import actor_of

operations = Operations("Audit")


class AuditEntry(Answer):
    """One record: who did what to whom. Names are as the key's account may see them.

    person_id is null where it is about no person, or (elsewhere) about one of another region.
    """

    id: UUID
    at: datetime
    kind: Literal["read", "change", "refused"]
    user_id: UUID | None
    user_name: str | None
    what: str
    why: str
    person_id: UUID | None
    person_name: str | None
    elsewhere: bool
    about: str
    request_id: str


class AuditEntries(Answer):
    items: list[AuditEntry]
    next: str | None


class AuditAsked(Asked):
    person: UUID | None = None
    user: UUID | None = None
    kind: Literal["read", "change", "refused"] | None = None
    action: Annotated[str, Field(pattern=r"^[a-z_.]{0,80}$")] = ""
    since: Moment | None = None
    until: Moment | None = None
    after: Annotated[
        str,
        Field(
            max_length=80, pattern=r"^[0-9A-Za-z_:.+-]*$", description="`next` of the piece before."
        ),
    ] = ""


@operations.operation(
    "GET", "/audit", action=audit_reads.SEARCH, returns=AuditEntries, refuses=(404,)
)
def search_audit(request: HttpRequest, asked: Query[AuditAsked]) -> Any:
    """Search reads, changes and refusals, the newest first. The search itself is audited."""
    wanted = Search(
        person=asked.person,
        user=asked.user,
        kind=asked.kind or "",
        action=asked.action,
        since=asked.since,
        until=asked.until,
    )
    found = audit_reads.search(actor_of(request), wanted, at=timezone.now(), before=asked.after)
    return AuditEntries(items=[_entry(line) for line in found.lines], next=found.more or None)


def _entry(line: EntryLine) -> AuditEntry:
    return AuditEntry(
        id=line.id,
        at=line.at,
        kind=line.kind,  # type: ignore[arg-type]  # a choice
        user_id=line.who.id if line.who else None,
        user_name=line.who.name if line.who else None,
        what=line.what,
        why=line.why,
        person_id=line.whom.id if line.whom else None,
        person_name=line.whom.name if line.whom else None,
        elsewhere=line.is_elsewhere,
        about=line.about,
        request_id=line.request_id,
    )
