"""Pages of organisations: the tree, one institution, its staff, roles for a time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from songhe.domains.organizations import qualification_reads, services, tree_reads, words
from songhe.domains.organizations.forms import (
    CloseForm,
    FoundForm,
    HireForm,
    LeaveForm,
    OrganizationForm,
    RoleForm,
)
from songhe.domains.organizations.selectors import Organization, name_of
from songhe.domains.organizations.terms import OrganizationKind
from songhe.domains.organizations.tree_reads import StaffRow
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import KitForm, refuse

REFUSALS = (Invalid, Conflict, Denied)


class Tree(View):
    """The tree of regions from the province to the community, with numbers."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("region", "")
        found = tree_reads.tree(actor_of(request), asked, at=timezone.now())
        kinds = [
            (row, name_of(row), OrganizationKind(row.kind).label, count)
            for row, count in found.here
        ]
        context = {
            "tree": found,
            "here": kinds,
            "path": [(row.code, words.region_name(row)) for row in found.path],
            "branches": [(one, words.region_name(one.region)) for one in found.branches],
        }
        return render(request, "organizations/tree.html", context)


class Found(View):
    """Found an organisation in a region."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, FoundForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FoundForm(request.POST)
        if form.is_valid():
            try:
                row = services.found_organization(
                    actor=actor_of(request),
                    region_code=request.GET.get("region", ""),
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("Founded."))
                return _to(row.pk)
        return self._page(request, form, status=422)

    def _page(self, request: HttpRequest, form: KitForm, status: int = 200) -> HttpResponse:
        code = request.GET.get("region", "")
        context = {"form": form, "region": words.region_names([code]).get(code, ""), "code": code}
        return render(request, "organizations/found.html", context, status=status)


class OrganizationPage(View):
    """One organisation: what it is, whom it serves, who works there with which roles."""

    def get(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        row = tree_reads.organization(actor_of(request), organization_id)
        staff = tree_reads.staff_rows(row, english=words.english(), at=timezone.now())
        codes = [row.region_code, *row.serves]
        names = words.region_names([*codes, *_prefixes(staff)])
        context = {
            "organization": row,
            "name": name_of(row),
            "kind": OrganizationKind(row.kind).label,
            "region": names.get(row.region_code, row.region_code),
            "serves": [names.get(code, code) for code in row.serves],
            "next": name_of(row.next_organization) if row.next_organization else "",
            "staff": [(one, _roles(one, names)) for one in staff],
            "may_staff": actor_of(request).covers(tree_reads.LIST, row.region_code),
        }
        return render(request, "organizations/organization.html", context)


class Edit(View):
    """Change what an organisation is called, does and serves."""

    def get(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        row = tree_reads.organization(actor_of(request), organization_id)
        given = {
            "name": row.name,
            "name_en": row.name_en,
            "kind": row.kind,
            "serves": " ".join(row.serves),
            "phone": row.phone,
        }
        return _form(request, row, OrganizationForm(initial=given), _("Change"))

    def post(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        form = OrganizationForm(request.POST)
        if form.is_valid():
            try:
                services.edit_organization(
                    actor=actor_of(request),
                    organization_id=organization_id,
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("Changed."))
                return _to(organization_id)
        row = tree_reads.organization(actor_of(request), organization_id)
        return _form(request, row, form, _("Change"), status=422)


class Close(View):
    """Close an organisation where nobody works any more."""

    def get(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        row = tree_reads.organization(actor_of(request), organization_id)
        form = CloseForm(initial={"closed_on": timezone.localdate()})
        return _form(request, row, form, pgettext("organisation", "Close"))

    def post(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        form = CloseForm(request.POST)
        if form.is_valid():
            try:
                services.close_organization(
                    actor=actor_of(request),
                    organization_id=organization_id,
                    closed_on=form.cleaned_data["closed_on"],
                    at=timezone.now(),
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("Closed."))
                return _to(organization_id)
        row = tree_reads.organization(actor_of(request), organization_id)
        return _form(request, row, form, pgettext("organisation", "Close"), status=422)


class Hire(View):
    """Employ somebody: an account that is there, or a new one whose secret is told once."""

    def get(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        row = tree_reads.organization(actor_of(request), organization_id)
        return _form(request, row, HireForm(), _("Employ"))

    def post(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        form = HireForm(request.POST)
        row = tree_reads.organization(actor_of(request), organization_id)
        if not form.is_valid():
            return _form(request, row, form, _("Employ"), status=422)
        try:
            staff, secret = services.hire(
                actor=actor_of(request),
                organization_id=organization_id,
                at=timezone.now(),
                **form.cleaned_data,
            )
        except REFUSALS as error:
            refuse(form, error)
            return _form(request, row, form, _("Employ"), status=error.status)
        if secret:
            context = {"staff": staff, "login": form.cleaned_data["login"], "secret": secret}
            return render(request, "organizations/secret.html", context)
        messages.success(request, _("Employed. Now give a role."))
        return HttpResponseRedirect(reverse("organizations:staff", args=[staff.pk]))


class NewSecret(View):
    """Make a first secret for who has none or lost the password; it is told once."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        organization, row = _member(request, staff_id)
        context = {"organization": organization, "row": row}
        return render(request, "organizations/new_secret.html", context)

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        staff, secret = services.renew_secret(
            actor=actor_of(request), staff_id=staff_id, at=timezone.now()
        )
        context = {"staff": staff, "login": staff.user.login, "secret": secret}
        return render(request, "organizations/secret.html", context)


class StaffPage(View):
    """One who works: post and roles, and what can be done."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        organization, row = _member(request, staff_id)
        names = words.region_names(_prefixes([row]))
        papers = qualification_reads.papers_of(
            actor_of(request), staff_id, on=timezone.localdate(), at=timezone.now()
        )
        context = {
            "papers": papers,
            "languages": words.language_words(papers.facts.languages)
            if papers and papers.facts
            else "",
            "may_staff": actor_of(request).covers(tree_reads.LIST, organization.region_code),
            "organization": organization,
            "name": name_of(organization),
            "row": row,
            "roles": _roles(row, names),
        }
        return render(request, "organizations/staff.html", context)


class Leave(View):
    """End somebody's work: the roles that rest on it end at once."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        return self._page(request, staff_id, LeaveForm())

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        form = LeaveForm(request.POST)
        form.is_valid()
        try:
            row = services.end_employment(
                actor=actor_of(request),
                staff_id=staff_id,
                close_account=form.cleaned_data["close_account"],
                at=timezone.now(),
            )
        except REFUSALS as error:
            refuse(form, error)
            return self._page(request, staff_id, form, status=error.status)
        messages.success(request, _("The work has ended, and with it every role there."))
        return _to(row.organization_id)

    def _page(
        self, request: HttpRequest, staff_id: UUID, form: KitForm, status: int = 200
    ) -> HttpResponse:
        organization, row = _member(request, staff_id)
        context = {"organization": organization, "row": row, "form": form}
        return render(request, "organizations/leave.html", context, status=status)


class GiveRole(View):
    """Give somebody who works there a role, in a region, for a time."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        organization, _row = _member(request, staff_id)
        return self._page(request, staff_id, self._form(request, organization, None))

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        organization, row = _member(request, staff_id)
        form = self._form(request, organization, request.POST)
        if form.is_valid():
            try:
                services.give_role(
                    actor=actor_of(request),
                    user_id=row.user_id,
                    role=form.cleaned_data["role"],
                    region_prefix=form.cleaned_data["region"].strip(),
                    organization_id=organization.pk,
                    until=form.end(),
                    at=timezone.now(),
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("Given."))
                return HttpResponseRedirect(reverse("organizations:staff", args=[staff_id]))
        return self._page(request, staff_id, form, status=422)

    def _form(self, request: HttpRequest, organization: Organization, data: Any) -> RoleForm:
        givable = services.givable(actor_of(request), at=timezone.now())
        roles = sorted({role for role, _prefix in givable})
        return RoleForm(
            data,
            roles=[(role, words.role_words(role)) for role in roles],
            initial={"region": organization.region_code},
        )

    def _page(
        self, request: HttpRequest, staff_id: UUID, form: KitForm, status: int = 200
    ) -> HttpResponse:
        organization, row = _member(request, staff_id)
        context = {"organization": organization, "row": row, "form": form}
        return render(request, "organizations/give_role.html", context, status=status)


class EndRole(View):
    """End a role at once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, staff_id: UUID, role_id: UUID) -> HttpResponse:
        services.end_role(actor=actor_of(request), assignment_id=role_id, at=timezone.now())
        messages.success(request, _("The role has ended."))
        return HttpResponseRedirect(reverse("organizations:staff", args=[staff_id]))


def _member(request: HttpRequest, staff_id: UUID) -> tuple[Organization, StaffRow]:
    return tree_reads.staff_member(
        actor_of(request), staff_id, english=words.english(), at=timezone.now()
    )


def _prefixes(staff: list[StaffRow]) -> list[str]:
    return [line.region_prefix for row in staff for line in row.roles]


def _roles(row: StaffRow, names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": line.id,
            "name": words.role_words(line.role),
            "region": names.get(line.region_prefix, line.region_prefix),
            "until": timezone.localdate(line.until) if line.until else None,
        }
        for line in row.roles
    ]


def _to(organization_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("organizations:organization", args=[organization_id]))


def _form(
    request: HttpRequest, row: Organization, form: KitForm, verb: str, status: int = 200
) -> HttpResponse:
    context = {"organization": row, "name": name_of(row), "form": form, "verb": verb}
    return render(request, "organizations/form.html", context, status=status)
