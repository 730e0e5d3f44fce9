"""Reading organisations: who serves a region, who works there, who is next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from songhe.base import vault
from songhe.base.access import giving
from songhe.base.access.actor import Actor
from songhe.domains.organizations.models import Organization as Organization
from songhe.domains.organizations.models import Qualification, Staff, WorkerFacts
from songhe.domains.organizations.papers import meet
from songhe.kernel.time import business_day

WORKER = "worker"


@dataclass(frozen=True, slots=True)
class StaffLine:
    user_id: UUID
    name: str
    title: str
    is_leader: bool


def get_organization(organization_id: UUID) -> Organization:
    """Return one organisation; institutions are public knowledge."""
    return Organization.objects.get(pk=organization_id)


def organizations_by_id(ids: set[UUID]) -> dict[UUID, Organization]:
    """Return organisations by id; 1 query."""
    return {row.pk: row for row in Organization.objects.filter(pk__in=ids)}


def organizations_for(actor: Actor, action: str) -> list[Organization]:
    """Return the organisations in the regions where the actor's roles carry an action."""
    condition = Q(pk__in=[])
    for prefix in actor.prefixes(action):
        condition |= Q(region_code__startswith=prefix)
    return list(
        Organization.objects.filter(condition, closed_on=None).order_by("region_code", "name")
    )


def serving(region_code: str) -> Organization | None:
    """Return the organisation that answers first for a region: the longest prefix it serves."""
    prefixes = [region_code[:size] for size in (12, 9, 6, 4, 2) if size <= len(region_code)]
    rows = list(
        Organization.objects.filter(serves__overlap=prefixes, closed_on=None).order_by("id")
    )
    for prefix in prefixes:
        for row in rows:
            if prefix in row.serves:
                return row
    return None


def near(region_code: str) -> list[Organization]:
    """Return the organisations of a region and those that serve it, the nearest first; 1 query."""
    prefixes = [region_code[:size] for size in (2, 4, 6, 9, 12) if size <= len(region_code)]
    rows = Organization.objects.filter(
        Q(region_code__in=prefixes) | Q(serves__overlap=prefixes), closed_on=None
    )
    return sorted(rows, key=lambda row: (-len(row.region_code), row.name))


def name_of(organization: Organization) -> str:
    """Return what an organisation is called in the reader's language."""
    return organization.called


def posts_of(user_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, str]:
    """Return what users do where, such as "护理员，县养老服务中心"; 1 query."""
    rows = Staff.objects.filter(user__in=list(user_ids), period__contains=at)
    found = {}
    for row in rows.select_related("organization").order_by("-id"):
        words = {"title": _title(row), "organization": name_of(row.organization)}
        found[row.user_id] = _("%(title)s, %(organization)s") % words
    return found


def _title(row: Staff) -> str:
    english = (get_language() or "zh").startswith("en")
    return row.title_en if english and row.title_en else row.title


def staff_of(actor: Actor, organization_id: UUID, *, at: datetime) -> list[StaffLine]:
    """Return who works for an organisation now, leaders last; titles in the reader's language."""
    rows = Staff.objects.filter(organization=organization_id, period__contains=at)
    return [
        StaffLine(row.user_id, row.user.display_name, _title(row), row.is_leader)
        for row in rows.select_related("user").order_by("is_leader", "id")
    ]


def leader_phones(organization_id: UUID, *, at: datetime) -> list[tuple[str, str]]:
    """Return (name, phone) of the leaders who are told when nobody answers."""
    rows = Staff.objects.filter(organization=organization_id, is_leader=True, period__contains=at)
    return [
        (
            row.user.display_name,
            vault.unseal(row.phone_sealed, field="organizations.Staff.phone", pk=row.pk),
        )
        for row in rows.select_related("user").order_by("id")
        if row.phone_sealed
    ]


def phones_of(user_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, str]:
    """Return the numbers at which staff is told, of those who have one; 1 query."""
    rows = Staff.objects.filter(
        user__in=list(user_ids), period__contains=at, phone_sealed__isnull=False
    )
    return {
        row.user_id: vault.unseal(row.phone_sealed, field="organizations.Staff.phone", pk=row.pk)
        for row in rows.order_by("-id")
        if row.phone_sealed
    }


def organization_of_user(user_id: UUID, *, at: datetime) -> Organization | None:
    """Return the organisation a user works for now."""
    row = (
        Staff.objects.filter(user=user_id, period__contains=at)
        .select_related("organization")
        .order_by("id")
        .first()
    )
    return row.organization if row else None


def qualified(user_ids: Iterable[UUID], codes: Iterable[str], at: datetime) -> set[UUID]:
    """Return those who hold good papers for all that is asked for; 1 query, as `lacking`."""
    return {user for user, missing in lacking(user_ids, codes, at).items() if not missing}


def lacking(user_ids: Iterable[UUID], codes: Iterable[str], at: datetime) -> dict[UUID, set[str]]:
    """Return for each user the codes asked for that no good paper of hers meets then; 1 query.

    A higher level of a ladder meets a lower one. A paper that row-level security does not open to
    who asks is not there.
    """
    held: dict[UUID, set[str]] = {user: set() for user in user_ids}
    wanted, on = set(codes), business_day(at, settings.TIME_ZONE)
    rows = Qualification.objects.filter(user__in=list(held), ended_at=None, period__contains=on)
    for user, code in rows.values_list("user", "code"):
        held[user].add(code)
    return {
        user: {code for code in wanted if not meet(papers, code)} for user, papers in held.items()
    }


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One who goes to people, as far as an elder may know her. photo: a file, None without one."""

    user_id: UUID
    staff_id: UUID
    name: str
    title: str
    gender: str
    languages: tuple[str, ...]
    about: str
    photo: str | None


def workers_of(organization_id: UUID, at: datetime) -> list[WorkerLine]:
    """Return who works for an organisation and holds the role of a worker there; 3 queries."""
    holders = {
        line.user_id
        for line in giving.roles_in(at=at, organization_id=organization_id)
        if line.role == WORKER
    }
    rows = list(
        Staff.objects.filter(organization=organization_id, user__in=holders, period__contains=at)
        .select_related("user")
        .order_by("id")
    )
    return _worker_lines(rows)


def worker_lines(user_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, WorkerLine]:
    """Return those who work somewhere now, by user; 2 queries."""
    rows = Staff.objects.filter(user__in=list(user_ids), period__contains=at)
    found = _worker_lines(list(rows.select_related("user").order_by("-id")))
    return {line.user_id: line for line in found}


def portraits_of(user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the portraits (files) of those who have one; 1 query."""
    rows = WorkerFacts.objects.filter(user__in=list(user_ids), photo__isnull=False)
    return {user: photo for user, photo in rows.values_list("user", "photo") if photo}


def _worker_lines(rows: list[Staff]) -> list[WorkerLine]:
    english = (get_language() or "zh").startswith("en")
    facts = {
        one.user_id: one for one in WorkerFacts.objects.filter(user__in=[r.user_id for r in rows])
    }
    found = []
    for row in rows:
        known = facts.get(row.user_id)
        found.append(
            WorkerLine(
                user_id=row.user_id,
                staff_id=row.pk,
                name=row.user.display_name,
                title=row.title_en if english and row.title_en else row.title,
                gender=known.gender if known else "",
                languages=tuple(known.languages) if known else (),
                about=_about(known, english) if known else "",
                photo=known.photo if known else None,
            )
        )
    return found


def _about(facts: WorkerFacts, english: bool) -> str:
    return facts.about_en if english and facts.about_en else facts.about_zh
