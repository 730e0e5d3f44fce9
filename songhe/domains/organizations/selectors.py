"""Reading organisations: who serves a region, who works there, who is next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.domains.organizations.models import Organization as Organization
from songhe.domains.organizations.models import Staff


@dataclass(frozen=True, slots=True)
class StaffLine:
    user_id: UUID
    name: str
    title: str
    is_leader: bool
    title_en: str = ""


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
    english = (get_language() or "zh").startswith("en")
    return organization.name_en if english and organization.name_en else organization.name


def posts_of(user_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, str]:
    """Return what users do where, such as "护理员，县养老服务中心"; 1 query."""
    english = (get_language() or "zh").startswith("en")
    rows = Staff.objects.filter(user__in=list(user_ids), period__contains=at)
    found = {}
    for row in rows.select_related("organization").order_by("-id"):
        title = row.title_en if english and row.title_en else row.title
        words = {"title": title, "organization": name_of(row.organization)}
        found[row.user_id] = _("%(title)s, %(organization)s") % words
    return found


def staff_of(actor: Actor, organization_id: UUID, *, at: datetime) -> list[StaffLine]:
    """Return who works for an organisation now, leaders last."""
    rows = Staff.objects.filter(organization=organization_id, period__contains=at)
    return [
        StaffLine(row.user_id, row.user.display_name, row.title, row.is_leader, row.title_en)
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
