"""Forms of the way in and of the own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.kit.forms import KitForm


class SignInForm(KitForm):
    login = forms.CharField(
        label=_("Login"),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _new_password(label: Any, hint: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class FirstPasswordForm(KitForm):
    """Another password, typed twice alike."""

    new = _new_password(
        _("New password"), _("At least 10 characters. A sentence that only you know is best.")
    )
    again = _new_password(_("New password once more"))

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if {"new", "again"} <= cleaned.keys() and cleaned["new"] != cleaned["again"]:
            self.add_error("again", _("The two new passwords are not the same."))
        return cleaned


class ChangePasswordForm(FirstPasswordForm):
    current = forms.CharField(
        label=_("Password now"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("current", "new", "again")


class ProveForm(KitForm):
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _code(label: Any, longest: int, hint: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=longest,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}
        ),
    )


class CodeForm(KitForm):
    code = _code(_("The six digits that the app shows"), 12)


class SecondStepForm(KitForm):
    code = _code(
        _("Code"), 24, _("The six digits of your code app, or one of your recovery codes.")
    )


class PasskeyNameForm(KitForm):
    name = forms.CharField(label=_("What to call it"), max_length=60)


class KeyForm(KitForm):
    """A key for another system."""

    name = forms.CharField(
        label=_("Which system it is for"),
        max_length=60,
        help_text=_("Such as: county hospital, dispatch of the emergency centre."),
    )
    days = forms.TypedChoiceField(
        label=_("How long it is good"),
        coerce=int,
        choices=[
            (30, pgettext_lazy("key", "30 days")),
            (90, pgettext_lazy("key", "90 days")),
            (180, _("half a year")),
            (365, _("a year")),
        ],
    )
    may_change = forms.BooleanField(
        label=_("It may change things too, not only read"), required=False
    )


class PhoneForm(KitForm):
    phone = forms.CharField(
        label=_("Your mobile number"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "tel-national", "inputmode": "tel"}),
    )


class SmsCodeForm(KitForm):
    code = _code(_("The six digits in the message"), 12)


class ProveByMessageForm(KitForm):
    sms = _code(_("The six digits in the message"), 12)
