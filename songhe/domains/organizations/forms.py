"""Forms of organisations: the institution, the staff, a role for a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from songhe.domains.organizations.terms import OrganizationKind
from songhe.kit.forms import KitForm


class OrganizationForm(KitForm):
    name = forms.CharField(label=pgettext_lazy("an organisation", "Name"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("English name"), max_length=120, required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=OrganizationKind.choices, widget=forms.RadioSelect
    )
    serves = forms.CharField(
        label=gettext_lazy("Regions whose alarms come here first"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Codes of regions, separated by spaces."),
    )
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=20, required=False)

    def clean_serves(self) -> list[str]:
        """Return the codes one by one."""
        return sorted(set(self.cleaned_data["serves"].replace("，", " ").replace(",", " ").split()))


class FoundForm(OrganizationForm):
    founded_on = forms.DateField(
        label=gettext_lazy("Founded on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class CloseForm(KitForm):
    closed_on = forms.DateField(
        label=gettext_lazy("Closed on"), widget=forms.DateInput(attrs={"type": "date"})
    )


class HireForm(KitForm):
    login = forms.CharField(
        label=gettext_lazy("Sign-in name"),
        max_length=64,
        help_text=gettext_lazy("An account that is there is used; otherwise a new one is opened."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    display_name = forms.CharField(
        label=gettext_lazy("Name of a new account"), max_length=64, required=False
    )
    title = forms.CharField(label=gettext_lazy("Post"), max_length=40)
    title_en = forms.CharField(label=gettext_lazy("Post in English"), max_length=60, required=False)
    phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=20, required=False)
    is_leader = forms.BooleanField(
        label=gettext_lazy("Leader: is told when nobody answers"), required=False
    )


class LeaveForm(KitForm):
    close_account = forms.BooleanField(
        label=gettext_lazy("Close the account as well: nobody signs in with it any more"),
        required=False,
    )


class RoleForm(KitForm):
    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=forms.RadioSelect)
    region = forms.CharField(
        label=gettext_lazy("Region"),
        max_length=12,
        help_text=gettext_lazy("The code of the region; the role holds there and in all below."),
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Leave empty for a role without end."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, roles: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = roles

    def end(self) -> datetime | None:
        """Return the end of the last local day, None for no end."""
        day: date | None = self.cleaned_data["until"]
        if day is None:
            return None
        return timezone.make_aware(datetime.combine(day, datetime.max.time()))
