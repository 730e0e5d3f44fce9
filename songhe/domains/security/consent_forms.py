"""Forms of consent: what and how long, less, who else; and what staff record from paper."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.base.consent.terms import Channel, GuardianPaper
from songhe.base.consent.texts import Purpose, Texts
from songhe.kit.forms import KitForm

MONTH, YEAR, LONGEST = "month", "year", "longest"
_DAYS = {MONTH: 31, YEAR: 365}
IDENTITY = "identity"


def class_choices(shown: Texts, classes: Iterable[str]) -> list[tuple[str, str]]:
    """Return classes of data with what they are, as choices; the name goes with all of them."""
    return [
        (
            name,
            _("%(name)s: %(what)s")
            % {"name": shown.classes[name].words.name, "what": shown.classes[name].words.what},
        )
        for name in classes
        if name != IDENTITY
    ]


class WhatForm(KitForm):
    """What somebody may see, and for how long."""

    classes = forms.MultipleChoiceField(
        label=gettext_lazy("What may be seen?"), widget=forms.CheckboxSelectMultiple
    )
    length = forms.ChoiceField(
        label=gettext_lazy("For how long?"),
        widget=forms.RadioSelect,
        choices=[
            (MONTH, gettext_lazy("one month")),
            (YEAR, gettext_lazy("one year")),
            (LONGEST, gettext_lazy("two years")),
        ],
        initial=YEAR,
    )

    def __init__(self, *args: Any, shown: Texts, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["classes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = class_choices(shown, purpose.classes)
        self._longest = purpose.longest_days

    def until(self, at: datetime) -> datetime:
        """Return when the consent ends by itself."""
        days = _DAYS.get(self.cleaned_data["length"], self._longest)
        return at + timedelta(days=days)


class LessForm(KitForm):
    """What somebody may still see; what is not ticked ends."""

    keep = forms.MultipleChoiceField(
        label=gettext_lazy("What may still be seen?"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, *args: Any, shown: Texts, classes: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["keep"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
        field.choices = class_choices(shown, classes)


class LoginForm(KitForm):
    """Somebody of the family, by the name the account signs in with."""

    login = forms.CharField(
        label=gettext_lazy("The phone number of your relative, or the name to sign in with"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


class RecordForm(KitForm):
    """What a person said in person, on paper or by telephone, entered by staff."""

    channel = forms.ChoiceField(
        label=gettext_lazy("How was it said?"),
        widget=forms.RadioSelect,
        choices=[(c.value, c.label) for c in Channel if c != Channel.APP],
    )
    giver = forms.ChoiceField(label=gettext_lazy("Whose word is it?"), widget=forms.RadioSelect)
    recipient = forms.ChoiceField(label=gettext_lazy("Who may see it?"), required=False)
    login = forms.CharField(
        label=gettext_lazy("Or family, by phone number or the name they sign in with"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    classes = forms.MultipleChoiceField(
        label=gettext_lazy("What may be seen?"), widget=forms.CheckboxSelectMultiple
    )
    until = forms.DateField(
        label=gettext_lazy("Until"), widget=forms.DateInput(attrs={"type": "date"})
    )
    paper = forms.FileField(
        label=gettext_lazy("Signed paper"),
        required=False,
        help_text=gettext_lazy("A photograph (JPEG, PNG) or PDF, at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )
    witness = forms.CharField(
        label=gettext_lazy("Who listened in (telephone)"), max_length=60, required=False
    )

    def __init__(
        self,
        *args: Any,
        shown: Texts,
        recipients: list[tuple[str, str]],
        givers: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("recipient", [("", _("choose")), *recipients]),
            ("giver", givers),
            ("classes", class_choices(shown, shown.classes)),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("recipient") and not given.get("login"):
            self.add_error("recipient", _("Choose somebody, or enter a sign-in name."))
        return given


class EndForm(KitForm):
    """How a withdrawal reached staff."""

    channel = forms.ChoiceField(
        label=gettext_lazy("How was it said?"),
        widget=forms.RadioSelect,
        choices=[(c.value, c.label) for c in Channel if c != Channel.APP],
        initial=Channel.IN_PERSON.value,
    )
    giver = forms.ChoiceField(label=gettext_lazy("Whose word is it?"), widget=forms.RadioSelect)
    paper = forms.FileField(
        label=gettext_lazy("Signed paper"),
        required=False,
        help_text=gettext_lazy("A photograph (JPEG, PNG) or PDF, at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )
    witness = forms.CharField(
        label=gettext_lazy("Who listened in (telephone)"), max_length=60, required=False
    )

    def __init__(self, *args: Any, givers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["giver"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = givers


class GuardianForm(KitForm):
    """Who acts for a person, on which paper."""

    guardian = forms.CharField(
        label=gettext_lazy("Phone number of the guardian, or the name to sign in with"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    paper_kind = forms.ChoiceField(
        label=gettext_lazy("Paper"), widget=forms.RadioSelect, choices=GuardianPaper.choices
    )
    paper_number = forms.CharField(
        label=gettext_lazy("Number of the paper"), max_length=60, required=False
    )
    paper_from = forms.DateField(
        label=gettext_lazy("Valid from"), widget=forms.DateInput(attrs={"type": "date"})
    )
    paper_until = forms.DateField(
        label=gettext_lazy("Valid until"),
        required=False,
        help_text=gettext_lazy("Leave empty where the paper names no end."),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    paper = forms.FileField(
        label=gettext_lazy("Scan of the paper"),
        help_text=gettext_lazy("A photograph (JPEG, PNG) or PDF, at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,application/pdf"}),
    )


class AccountForm(KitForm):
    """An account for a person herself, or for one of her family."""

    whose = forms.ChoiceField(
        label=gettext_lazy("Whose account?"),
        widget=forms.RadioSelect,
        choices=[
            ("own", gettext_lazy("the person's own")),
            ("family", gettext_lazy("one of the family")),
        ],
    )
    login = forms.CharField(
        label=gettext_lazy("Name to sign in with"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    display_name = forms.CharField(
        label=gettext_lazy("Name of the relative"), max_length=64, required=False
    )
    phone = forms.CharField(
        label=gettext_lazy("Mobile phone for signing in by code"), max_length=20, required=False
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("whose") == "family" and not given.get("display_name"):
            self.add_error("display_name", _("Enter the name."))
        return given


def end_of(day: date) -> datetime:
    """Return the end of a local day."""
    return timezone.make_aware(datetime.combine(day, datetime.max.time()))
