"""A signature that a posted form brings along, from a field to sign in (kit/sign.html)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

_HEAD = "data:image/png;base64,"
_MOST = 1_500_000  # letters; a full field is a tenth of it


class SignatureField(forms.CharField):
    """The bytes of the PNG, None where nobody signed. What it is, `base.files` looks at itself."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """Return the picture's bytes. Raises ValidationError for anything that is none."""
        text = str(super().clean(value) or "")
        if not text:
            return None
        if not text.startswith(_HEAD) or len(text) > _MOST:
            raise forms.ValidationError(_("The signature could not be read. Please sign again."))
        try:
            return base64.b64decode(text.removeprefix(_HEAD), validate=True)
        except (binascii.Error, ValueError):
            raise forms.ValidationError(
                _("The signature could not be read. Please sign again.")
            ) from None
