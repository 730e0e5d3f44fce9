"""Tables of who can see what."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.domains.organizations import words
from songhe.domains.organizations.qualification_reads import Ending
from songhe.kit import formats
from songhe.kit.tables import Column, Table


@dataclass(frozen=True, slots=True)
class SightRow:
    """One line: who sees, or whom an account sees; why, what, until when."""

    user_id: UUID
    who: str
    post: str
    why: str
    what: str
    until: str


@dataclass(frozen=True, slots=True)
class RoleRow:
    user_id: UUID
    who: str
    login: str
    role: str
    region: str
    until: str


def _account(row: SightRow | RoleRow) -> str:
    return reverse("organizations:what_sees", args=[row.user_id])


class SightTable(Table):
    columns = (
        Column("who", gettext_lazy("Name"), second=lambda row: row.post),
        Column("why", gettext_lazy("Why")),
        Column("what", gettext_lazy("May see")),
        Column("until", gettext_lazy("Until"), value=lambda row: row.until or _("no end")),
    )
    per_page = 100
    caption = gettext_lazy("Who can see what")
    empty = gettext_lazy("Nobody")


class RoleTable(Table):
    columns = (
        Column("who", gettext_lazy("Name"), link=_account, second=lambda row: row.login),
        Column("role", gettext_lazy("Role")),
        Column("region", gettext_lazy("Region")),
        Column("until", gettext_lazy("Until"), value=lambda row: row.until or _("no end")),
    )
    per_page = 100
    caption = gettext_lazy("Roles")
    empty = gettext_lazy("No role")


class IdleTable(Table):
    columns = (
        Column(
            "name",
            gettext_lazy("Name"),
            link=lambda row: reverse("organizations:what_sees", args=[row.user_id]),
            second=lambda row: row.login,
        ),
        Column(
            "roles",
            gettext_lazy("Roles"),
            value=lambda row: " · ".join(words.role_words(role) for role in row.roles),
        ),
        Column("last_at", gettext_lazy("Last sign-in"), kind="time"),
    )
    per_page = 100
    caption = gettext_lazy("Accounts nobody uses")
    empty = gettext_lazy("Every account is in use")


def _until(row: Ending) -> str:
    return formats.short_date(row.until)


class EndingTable(Table):
    columns = (
        Column(
            "name",
            gettext_lazy("Name"),
            link=lambda row: reverse("organizations:staff", args=[row.staff_id]),
            second=lambda row: row.organization,
        ),
        Column("paper", gettext_lazy("Which paper")),
        Column(
            "until",
            gettext_lazy("Last day"),
            value=_until,
            second=lambda row: _("over") if row.state == "over" else _("ends soon"),
        ),
    )
    per_page = 100
    caption = gettext_lazy("Papers to renew")
    empty = gettext_lazy("No paper ends within 60 days")
