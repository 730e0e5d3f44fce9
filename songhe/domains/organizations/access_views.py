"""Pages of who can see what, and of the roles that want a look."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.access.giving import RoleLine
from songhe.domains.organizations import access_reads, selectors, words
from songhe.domains.organizations.access_reads import Sight
from songhe.domains.organizations.rights import rights
from songhe.domains.organizations.tables import (
    IdleTable,
    RoleRow,
    RoleTable,
    SightRow,
    SightTable,
)
from songhe.domains.people import panels as people_panels
from songhe.kit import formats


def _rows(sights: list[Sight], *, of_account: bool) -> list[SightRow]:
    """Return sights in words; 2 queries."""
    at = timezone.now()
    names = words.region_names(one.region_prefix for one in sights)
    posts = selectors.posts_of({one.user_id for one in sights}, at=at)
    rows = []
    for one in sights:
        subject = one.subject.name if one.subject is not None else ""
        rows.append(
            SightRow(
                user_id=one.user_id,
                who=subject if of_account else one.user_name,
                post="" if of_account else posts.get(one.user_id, ""),
                why=words.why(one, names),
                what=words.class_words(one.fields),
                until=formats.short_date(timezone.localdate(one.until)) if one.until else "",
            )
        )
    return rows


class WhoSees(View):
    """For a person: every account that can see her, why, which classes, until when."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        person, sights = access_reads.who_sees(actor, person_id, at=at)
        table = SightTable(request, _rows(sights, of_account=False))
        context = {"person": person, "age": people_panels.age_words(person, at), "table": table}
        return render(request, "organizations/who_sees.html", context)


class WhatSees(View):
    """For an account: its roles, and the persons whom grants open to it."""

    def get(self, request: HttpRequest, user_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        user, roles, sights = access_reads.what_sees(actor, user_id, at=at)
        names = words.region_names(line.region_prefix for line in roles)
        context = {
            "account": user,
            "roles": RoleTable(request, roles_in_words(roles, names)),
            "table": SightTable(request, _rows(sights, of_account=True)),
        }
        return render(request, "organizations/what_sees.html", context)


class Review(View):
    """Roles that end soon, and accounts that nobody has used for long."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        ending = access_reads.ending_soon(actor, at=at)
        names = words.region_names(line.region_prefix for line in ending)
        unused = access_reads.idle(actor, at=at)
        rules = rights()
        context = {
            "ending": RoleTable(request, roles_in_words(ending, names)),
            "idle": IdleTable(request, unused),
            "soon": rules.ends_soon.days,
            "days": rules.idle.days,
        }
        return render(request, "organizations/review.html", context)


def roles_in_words(lines: list[RoleLine], names: dict[str, str]) -> list[RoleRow]:
    """Return roles as rows of a table."""
    return [
        RoleRow(
            user_id=line.user_id,
            who=line.user_name,
            login=line.login,
            role=words.role_words(line.role),
            region=names.get(line.region_prefix, line.region_prefix),
            until=formats.short_date(timezone.localdate(line.until)) if line.until else "",
        )
        for line in lines
    ]
