"""The form of signing in."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

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
