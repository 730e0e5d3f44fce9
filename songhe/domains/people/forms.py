"""The filter of the list of people."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.kit.forms import KitForm


class PersonFilter(KitForm):
    words = forms.CharField(
        label=_("Name or pinyin"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "class": "input"}),
    )
    region = forms.ChoiceField(
        label=_("Region"), required=False, widget=forms.Select(attrs={"class": "input"})
    )

    def __init__(self, *args: object, regions: Iterable[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        region = self.fields["region"]
        assert isinstance(region, forms.ChoiceField)  # noqa: S101 - declared above
        region.choices = [("", _("everywhere")), *regions]

    @property
    def asked(self) -> dict[str, str]:
        """Return what to narrow by; an impossible choice narrows nothing."""
        self.is_valid()
        given = self.cleaned_data if hasattr(self, "cleaned_data") else {}
        return {name: str(given.get(name, "")) for name in ("words", "region")}
