"""The form that changes a rule: its parameters as fields with units, on or off, the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.domains.monitoring.rule_words import Parameter
from songhe.kernel.detectors.rules import limit_name
from songhe.kit.forms import KitForm

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class ParameterForm(KitForm):
    """A rule's parameters. Only what differs from what holds without it is a change."""

    enabled = forms.ChoiceField(
        label=gettext_lazy("This rule"),
        choices=(("yes", gettext_lazy("is on")), ("no", gettext_lazy("is off"))),
        widget=forms.RadioSelect,
    )
    def __init__(
        self,
        *args: Any,
        parameters: Sequence[Parameter],
        base: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.parameters = parameters
        self.base = base
        self.units = {one.name: one.unit for one in parameters}  # type: ignore[misc]
        for parameter in parameters:
            self.fields[parameter.name] = self._field(parameter)
        self.order_fields(["enabled", *(one.name for one in parameters), "reason", "confirmed"])

    def _field(self, parameter: Parameter) -> forms.Field:
        hint = _("Without the change: %(value)s") % {
            "value": parameter.show(self.base.get(parameter.name))
        }
        if parameter.kind == "time":
            mistake = _("Write a time of day such as 22:00.")
            return forms.RegexField(
                regex=_CLOCK, label=parameter.label, help_text=hint, max_length=5,
                error_messages={"invalid": mistake, "required": mistake},
            )  # fmt: skip
        if parameter.kind == "level":
            choices = [(level, parameter.show(level)) for level in ("warn", "urgent", "critical")]
            return forms.ChoiceField(label=parameter.label, help_text=hint, choices=choices)
        is_limit = limit_name(parameter.name) is not None
        if is_limit:
            hint = _("%(hint)s. Empty: this limit is off.") % {"hint": hint}
        return forms.DecimalField(
            label=parameter.label, help_text=hint, required=not is_limit, min_value=0,
            max_digits=12, decimal_places=max(parameter.decimals, 1), localize=False,
            error_messages={"invalid": _("Write a number."), "required": _("Write a number.")},
        )  # fmt: skip

    @property
    def changes(self) -> dict[str, Any]:
        """Return the parameters that differ from the base, numbers as they ship."""
        found = {}
        for parameter in self.parameters:
            value = self.cleaned_data.get(parameter.name)
            if parameter.kind == "number" and value is not None:
                value = int(value) if value == int(value) else float(value)
            if value != self.base.get(parameter.name):
                found[parameter.name] = value
        return found

    @property
    def answers(self) -> list[tuple[str, str, str]]:
        """Return (what, before, after) of everything that will differ."""
        shown = {one.name: one for one in self.parameters}
        return [
            (shown[name].label, shown[name].show(self.base.get(name)), shown[name].show(value))
            for name, value in self.changes.items()
        ]


def reason_field() -> forms.CharField:
    """Return the field for why a rule is changed."""
    return forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Who asked for it, and why. It stays in the history."),
        max_length=400,
        error_messages={"required": gettext_lazy("A change of a rule needs a reason.")},
    )


def confirmed_field() -> forms.BooleanField:
    """Return the field that says that somebody answers for going beyond a rule's source."""
    return forms.BooleanField(
        label=gettext_lazy("I know that this goes beyond the source, and I answer for it."),
        required=False,
    )


class OverrideForm(ParameterForm):
    """A change of a rule, with its reason."""

    reason = reason_field()
    confirmed = confirmed_field()


class RevertForm(KitForm):
    """Why an earlier version shall hold again."""

    reason = reason_field()
    confirmed = confirmed_field()


class SuggestionForm(KitForm):
    """What becomes of a suggestion, and why."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        choices=(
            ("accept", gettext_lazy("Change the rule for this person")),
            ("refuse", gettext_lazy("Leave the rule as it is")),
        ),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of the two.")},
    )
    reason = reason_field()
    confirmed = confirmed_field()
