"""Organisations and staff from a table; the same file twice changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.base.access import giving
from songhe.base.access.actor import Actor
from songhe.domains.organizations import services, words
from songhe.domains.organizations.models import Organization
from songhe.domains.organizations.selectors import organizations_for
from songhe.domains.organizations.terms import OrganizationKind
from songhe.engines.exchange.declaring import Column, Importer, Taken
from songhe.engines.exchange.terms import Outcome
from songhe.kernel.errors import Invalid

YES, NO = "yes", "no"


class WhichOrganization(Invalid):
    code = "organizations.import_which"
    message = "There is no one organisation %(name)s in your region: found it first."


class OrganizationRow(forms.Form):
    name = forms.CharField(max_length=80)
    name_en = forms.CharField(max_length=120, required=False)
    kind = forms.CharField()
    region_code = forms.CharField(max_length=12)
    serves = forms.CharField(max_length=400, required=False)
    phone = forms.CharField(max_length=20, required=False)

    def clean_serves(self) -> list[str]:
        """Return the codes one by one."""
        return sorted(set(self.cleaned_data["serves"].replace("，", " ").replace(",", " ").split()))


class OrganizationImport(Importer):
    """Organisations of the actor's regions, known by name and region."""

    kind, action = "organizations.organizations", "organizations.import_organizations"
    title = _("Organisations")
    form = OrganizationRow

    def columns(self, actor: Actor, at: datetime) -> Sequence[Column]:
        return (
            Column(
                "name",
                pgettext_lazy("an organisation", "Name"),
                required=True,
                example=_("Dongguan care station"),
                width=28,
            ),
            Column("name_en", _("English name"), width=28),
            Column("kind", _("Kind"), required=True, choices=OrganizationKind.choices),
            Column("region_code", _("Region"), _("its code"), required=True, example="990121001"),
            Column("serves", _("Regions served"), _("codes, separated by spaces"), width=28),
            Column("phone", _("Telephone")),
        )

    def take_one(self, actor: Actor, row: Taken, at: datetime) -> Outcome:
        """Found an organisation, or bring the one of this name there to what the row says."""
        given = dict(row.data)
        region = given.pop("region_code")
        known = Organization.objects.filter(
            name=given["name"].strip(), region_code=region, closed_on=None
        ).first()
        if known is None:
            services.found_organization(actor=actor, region_code=region, at=at, **given)
            return Outcome.CREATED
        before = (known.name_en, known.kind, known.serves, known.phone)
        after = services.edit_organization(actor=actor, organization_id=known.pk, at=at, **given)
        same = before == (after.name_en, after.kind, after.serves, after.phone)
        return Outcome.UNCHANGED if same else Outcome.CHANGED


class StaffRow(forms.Form):
    organization = forms.CharField(max_length=80)
    login = forms.CharField(max_length=64)
    display_name = forms.CharField(max_length=64)
    title = forms.CharField(max_length=40)
    title_en = forms.CharField(max_length=60, required=False)
    phone = forms.RegexField(r"^[\d+\-() ]{4,20}$", required=False)
    is_leader = forms.CharField(required=False)
    role = forms.CharField(required=False)


class StaffImport(Importer):
    """Staff of the actor's organisations, known by sign-in name; a new account is opened.

    Its first secret is told to nobody here: whoever gives it out makes one on the page of staff.
    """

    kind, action, title = "organizations.staff", "organizations.import_staff", _("Staff")
    form = StaffRow

    def columns(self, actor: Actor, at: datetime) -> Sequence[Column]:
        roles = sorted({role for role, _prefix in services.givable(actor, at=at)})
        return (
            Column("organization", _("Organisation"), _("its name"), required=True, width=28),
            Column("login", _("Sign-in name"), required=True, example="wangfang"),
            Column("display_name", _("Name"), required=True, example=_("Wang Fang")),
            Column("title", _("Post"), required=True, example=_("care worker")),
            Column("title_en", _("Post in English")),
            Column("phone", _("Telephone")),
            Column("is_leader", _("Leader"), choices=((YES, _("yes")), (NO, _("no")))),
            Column(
                "role",
                _("Role"),
                _("held in the region of the organisation"),
                choices=[(role, words.role_words(role)) for role in roles],
            ),
        )

    def take_one(self, actor: Actor, row: Taken, at: datetime) -> Outcome:
        """Employ somebody, or bring the post to what the row says; give the role where missing."""
        given = dict(row.data)
        name, role = given.pop("organization").strip(), given.pop("role")
        given["is_leader"] = given["is_leader"] == YES
        fit = [one for one in organizations_for(actor, "organizations.employ") if one.name == name]
        if len(fit) != 1:
            raise WhichOrganization(field="organization", name=name)
        staff, outcome = services.set_post(actor=actor, organization_id=fit[0].pk, at=at, **given)
        held = giving.roles_of_user(staff.user_id, at=at)
        if role and not any(
            line.role == role and line.organization_id == fit[0].pk for line in held
        ):
            services.give_role(
                actor=actor,
                user_id=staff.user_id,
                role=role,
                region_prefix=fit[0].region_code,
                organization_id=fit[0].pk,
                at=at,
            )
            return Outcome.CHANGED if outcome == Outcome.UNCHANGED else outcome
        return outcome
