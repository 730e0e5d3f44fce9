"""Forms of devices: filter, register, bind, commission, command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from songhe.domains.devices.terms import DeviceState
from songhe.domains.devices.types import DeviceType, all_types
from songhe.domains.devices.words import (
    MOUNT_CHOICES,
    MOUNTING_HINTS,
    MOUNTING_UNITS,
    MOUNTING_WORDS,
    SETTING_UNITS,
    mounting_value,
    setting_word,
)
from songhe.kit.forms import KitForm

Choices = Iterable[tuple[str, str | Promise]]


def _choose(form: KitForm, name: str, choices: Choices) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared as one
    field.choices = list(choices)


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


class DeviceFilter(KitForm):
    type = forms.ChoiceField(label=_("Type"), required=False, widget=_select())
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("all")), *DeviceState.choices],
        widget=_select(),
    )
    words = forms.CharField(
        label=_("Key or serial number"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    silent = forms.BooleanField(label=_("Only silent ones"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted((kind.code, kind.name) for kind in all_types().values())
        _choose(self, "type", [("", _("all")), *names])

    @property
    def asked(self) -> dict[str, Any]:
        """Return what to narrow by; an impossible choice narrows nothing."""
        self.is_valid()
        given = self.cleaned_data if hasattr(self, "cleaned_data") else {}
        return {
            "type": given.get("type", ""),
            "state": given.get("state", ""),
            "words": given.get("words", ""),
            "silent": bool(given.get("silent", False)),
        }


class RegisterForm(KitForm):
    type = forms.ChoiceField(label=_("Type"))
    organization_id = forms.ChoiceField(label=_("Organisation that keeps it"))
    serial = forms.CharField(
        label=_("Serial number"), help_text=_("As on its label."), max_length=64, required=False
    )
    model = forms.CharField(label=_("Maker and model"), max_length=80, required=False)

    def __init__(self, *args: Any, organizations: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = sorted((kind.code, kind.name) for kind in all_types().values())
        _choose(self, "type", [("", _("Please choose")), *names])
        _choose(self, "organization_id", [("", _("Please choose")), *organizations])


class PersonSearch(KitForm):
    words = forms.CharField(
        label=_("Name or pinyin"),
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class BindForm(KitForm):
    """Whom or what a device serves: the person herself, or a room of her home."""

    PERSON = "person"

    place = forms.ChoiceField(label=_("Where does it belong?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, places: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "place", places)


class CarryForm(KitForm):
    """Which device a hub speaks for, and what the hub calls it."""

    key = forms.CharField(
        label=_("Key or serial number of the device"),
        help_text=_("It must be registered; its own type says what it measures."),
        max_length=64,
    )
    names = forms.CharField(
        label=_("Its names in the hub"),
        help_text=_(
            "One a line, exactly as the hub writes it: a friendly name, an address, an entity."
        ),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, needs_names: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["names"].required = needs_names

    def clean_names(self) -> list[str]:
        """Return the names line by line; none longer than the table holds."""
        found = [line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()]
        if any(len(name) > 120 for name in found):
            raise forms.ValidationError(_("A name holds at most 120 characters."))
        return found


class StepForm(KitForm):
    """One step of commissioning, with its proof where the workflow wants one."""

    step = forms.CharField(widget=forms.HiddenInput, max_length=20)
    note = forms.CharField(
        label=_("Proof"),
        help_text=_("Who saw what: “hung over the bed, photo 3”, “rang the desk, Sun answered”."),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, needs_note: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = needs_note


class CommandForm(KitForm):
    """One command with its arguments, as its type declares them."""

    name = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, kind: DeviceType, command: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("name", command)
        self.arguments = kind.commands.get(command, ())
        for argument in self.arguments:
            self.fields[argument] = _ARGUMENTS[argument]()

    @property
    def args(self) -> dict[str, Any]:
        """Return the arguments as the device expects them."""
        return {name: self.cleaned_data[name] for name in self.arguments}


class SettingsForm(KitForm):
    """What is wished of a device, each setting within the range of its type."""

    def __init__(self, *args: Any, kind: DeviceType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (low, high) in kind.settings.items():
            self.fields[name] = forms.IntegerField(
                label=setting_word(name),
                help_text=_("From %(low)s to %(high)s.") % {"low": int(low), "high": int(high)},
                min_value=int(low),
                max_value=int(high),
                widget=forms.NumberInput(attrs={"data-unit": str(SETTING_UNITS.get(name, ""))}),
            )


class MountingForm(KitForm):
    """How a sensor hangs, each fact within what its detector can use."""

    def __init__(self, *args: Any, kind: DeviceType, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, fact in kind.mounting.items():
            self.initial.setdefault(name, fact.usual)
            if fact.choices:
                self.fields[name] = forms.ChoiceField(
                    label=str(MOUNTING_WORDS[name]),
                    choices=[(one, MOUNT_CHOICES[one]) for one in fact.choices],
                    widget=forms.RadioSelect,
                )
                continue
            span = _("From %(low)s to %(high)s.") % {
                "low": mounting_value(name, fact.low),
                "high": mounting_value(name, fact.high),
            }
            unit = str(MOUNTING_UNITS[name])
            self.fields[name] = forms.FloatField(
                label=str(MOUNTING_WORDS[name]),
                help_text=f"{MOUNTING_HINTS[name]} {span}",
                min_value=fact.low,
                max_value=fact.high,
                widget=forms.NumberInput(attrs={"data-unit": unit, "step": "any"}),
            )


def _seconds() -> forms.Field:
    return forms.IntegerField(label=_("Seconds"), min_value=1, max_value=86_400)


def _phone() -> forms.Field:
    return forms.RegexField(
        r"^\+?[0-9 -]{3,20}$",
        label=_("Number to call"),
        error_messages={"invalid": _("Digits, spaces and hyphens only.")},
    )


_ARGUMENTS = {"seconds": _seconds, "phone": _phone}
