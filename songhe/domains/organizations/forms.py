"""Forms of organisations: the institution, the staff, a role for a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from songhe.domains.organizations.terms import (
    Gender,
    OrganizationKind,
    all_languages,
    all_qualifications,
)
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


class QualificationForm(KitForm):
    code = forms.ChoiceField(
        label=gettext_lazy("Which paper"), widget=forms.Select(attrs={"class": "input"})
    )
    number = forms.CharField(
        label=gettext_lazy("Its number"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Kept sealed; who reads it is recorded."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    issuer = forms.CharField(label=gettext_lazy("Issued by"), max_length=80, required=False)
    issued_on = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"})
    )
    valid_until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Leave empty where none stands on it."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(one.code, one.name) for one in all_qualifications().values()]


class EndQualificationForm(KitForm):
    reason = forms.CharField(label=gettext_lazy("Why it counts no more"), max_length=200)


class PortraitForm(KitForm):
    """A photograph of a worker."""

    file = forms.FileField(
        label=pgettext_lazy("of a worker", "Photograph"),
        help_text=gettext_lazy("The face in the middle, from the front. It is cut square."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={"required": gettext_lazy("Choose a photograph.")},
    )


class WorkerFactsForm(KitForm):
    """What an elder may know of who comes."""

    gender = forms.ChoiceField(
        label=pgettext_lazy("of a worker", "Gender"),
        choices=[("", pgettext_lazy("gender", "not said")), *Gender.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"), required=False, widget=forms.CheckboxSelectMultiple
    )
    about_zh = forms.CharField(
        label=gettext_lazy("A word about oneself, Chinese"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Elders and families read it before the first visit."),
    )
    about_en = forms.CharField(
        label=gettext_lazy("A word about oneself, English"), max_length=200, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["languages"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = [(one.code, one.name) for one in all_languages().values()]
