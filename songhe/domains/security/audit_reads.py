"""Searching the audit: by person, by user, by time, action and kind, piece by piece.

The auditor sees who did what to whom and when: staff by name, persons of her region by masked name,
persons elsewhere not at all. She sees no value: the audit holds none, and of the history only which
columns changed. Each search is itself in the audit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.base.access.actor import Actor
from songhe.base.access.models import RoleAssignment
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.audit.models import AuditEntry
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.security import whom
from songhe.domains.security.audit_words import action_words, thing_words, why_words
from songhe.kernel.errors import Invalid

SEARCH = "security.search_audit"
EXPORT = "security.export_audit"
PERSON = "people.Person"
PIECE = 50
MOST_EXPORTED = 50_000
OWN_ROLES = ("elder", "family")
Place = tuple[datetime, UUID]


class BadPlace(Invalid):
    code = "security.bad_place"
    message = "This address is not a page of the search. Search again."


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; empty is everything. The time is half-open [since, until)."""

    person: UUID | None = None
    user: UUID | None = None
    kind: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """An account as the reader may see it."""

    id: UUID
    name: str
    post: str


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One record in words. whom is None where it is about no person, or one of elsewhere."""

    id: UUID
    at: datetime
    kind: str
    who: Who | None
    what: str
    why: str
    whom: PersonView | None
    is_elsewhere: bool
    about: str  # a reference such as monitoring.Alarm/<id>, or the path that was refused
    request_id: str
    about_whom: Who | None = None

    @property
    def about_words(self) -> tuple[str, str]:
        """Return what kind of thing it is about, and the end of its number; "" where unknown."""
        kind, _sep, pk = self.about.partition("/")
        return thing_words(kind.replace(".", "_").lower()), pk[-6:]


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of what was found, and the place from which the next older piece goes on."""

    lines: list[EntryLine]
    more: str


def place_of(text: str) -> Place | None:
    """Read a place of a search from an address; None for the beginning. Raises BadPlace."""
    if not text:
        return None
    at, _sep, pk = text.partition("_")
    try:
        found = datetime.fromisoformat(at), UUID(pk)
    except ValueError:
        raise BadPlace from None
    if found[0].tzinfo is None:
        raise BadPlace
    return found


def text_of(place: Place) -> str:
    """Return a place as it stands in an address."""
    return f"{place[0].isoformat()}_{place[1]}"


def _rows(search: Search, before: Place | None) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.order_by("-at", "-id")
    if search.person is not None:
        rows = rows.filter(ref=f"{PERSON}/{search.person}")
    if search.user is not None:
        rows = rows.filter(user_id=search.user)
    if search.kind:
        rows = rows.filter(kind=search.kind)
    if search.action:
        rows = rows.filter(action=search.action)
    if search.since is not None:
        rows = rows.filter(at__gte=search.since)
    if search.until is not None:
        rows = rows.filter(at__lt=search.until)
    if before is not None:
        at, pk = before
        rows = rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=pk))
    return rows


def search(actor: Actor, wanted: Search, *, at: datetime, before: str = "") -> Found:
    """Return a piece of the records that fit, the newest first; the search is audited."""
    place = place_of(before)
    if wanted.person is not None:
        whom.chosen(actor, SEARCH, wanted.person)  # or she does not exist
    rows = list(_rows(wanted, place)[: PIECE + 1])
    if place is None:
        audit.record_reads(actor=actor, action=SEARCH, refs=[_about(wanted)], at=at)
    more = rows[PIECE - 1] if len(rows) > PIECE else None
    lines = entry_lines(actor, rows[:PIECE], at=at)
    return Found(lines, more=text_of((more.at, more.pk)) if more else "")


def exported(actor: Actor, wanted: Search, *, at: datetime) -> list[EntryLine]:
    """Return what an export holds: the newest 50,000 records that fit."""
    if wanted.person is not None:
        whom.chosen(actor, SEARCH, wanted.person)
    return entry_lines(actor, list(_rows(wanted, None)[:MOST_EXPORTED]), at=at)


def _about(wanted: Search) -> str:
    if wanted.person is not None:
        return f"{PERSON}/{wanted.person}"
    return f"accounts.User/{wanted.user}" if wanted.user else "audit.Chain"


def entry_lines(actor: Actor, rows: list[AuditEntry], *, at: datetime) -> list[EntryLine]:
    """Return records in words, persons masked as the actor may see them; 4 queries."""
    named = {row.user_id for row in rows} | {id_in(row.ref, "accounts.User") for row in rows}
    known = accounts({pk for pk in named if pk is not None}, at=at)
    ids = {pk for row in rows if (pk := person_of(row.ref)) is not None}
    seen = whom.within(actor, SEARCH, ids)
    return [_line(row, known, seen) for row in rows]


def _line(row: AuditEntry, known: dict[UUID, Who], seen: dict[UUID, PersonView]) -> EntryLine:
    person = person_of(row.ref)
    about = "" if person is not None else row.ref
    if row.kind == AuditEntry.Kind.REFUSED:
        about = str(row.detail.get("path", ""))
    return EntryLine(
        id=row.pk,
        at=row.at,
        kind=row.kind,
        who=known.get(row.user_id) if row.user_id else None,
        what=action_words(row.action),
        why=why_words(row.action, row.purpose),
        whom=seen.get(person) if person else None,
        is_elsewhere=person is not None and person not in seen,
        about=about,
        request_id=row.request_id,
        about_whom=known.get(account) if (account := id_in(about, "accounts.User")) else None,
    )


def person_of(ref: str) -> UUID | None:
    """Return the person that a record is about, None where it is about none."""
    return id_in(ref, PERSON)


def id_in(ref: str, wanted: str) -> UUID | None:
    """Return the id in a reference of the wanted kind, None in any other."""
    kind, _sep, pk = ref.partition("/")
    try:
        return UUID(pk) if kind == wanted else None
    except ValueError:
        return None


def accounts(ids: Iterable[UUID], *, at: datetime) -> dict[UUID, Who]:
    """Return accounts with names and posts; elders and families masked; 3 queries."""
    wanted = list(ids)
    posts = organizations.posts_of(wanted, at=at)
    staff = set(
        RoleAssignment.objects.filter(user__in=wanted)
        .exclude(role__in=OWN_ROLES)
        .values_list("user", flat=True)
    )
    return {
        pk: Who(pk, name if pk in staff else people.masked_name(name), posts.get(pk, ""))
        for pk, name in User.objects.filter(pk__in=wanted).values_list("pk", "display_name")
    }


def choose_accounts(words: str, *, at: datetime, limit: int = 20) -> list[Who]:
    """Return staff whose name or login has these words."""
    if not words.strip():
        return []
    staff = RoleAssignment.objects.exclude(role__in=OWN_ROLES).values("user")
    rows = User.objects.filter(pk__in=staff).filter(
        Q(display_name__icontains=words.strip()) | Q(login__icontains=words.strip())
    )
    found = accounts(rows.values_list("pk", flat=True)[:limit], at=at)
    return sorted(found.values(), key=lambda who: who.name)


def kind_words(kind: str) -> str:
    """Return what a kind of record is called."""
    return {
        AuditEntry.Kind.READ.value: _("read"),
        AuditEntry.Kind.CHANGE.value: _("changed"),
        AuditEntry.Kind.REFUSED.value: pgettext("audit", "refused"),
    }.get(kind, kind)
