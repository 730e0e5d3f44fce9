"""Forms of people: the one search box, registering, facts with their dates, contacts, export."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.people import idnumber, register, terms
from songhe.domains.people.register import Kind
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Invalid
from songhe.kit.forms import KitForm

ADDRESS, ELSEWHERE = "address", register.ELSEWHERE
PHONE = terms.PHONE


class PersonFilter(KitForm):
    words = forms.CharField(
        label=_("Name, pinyin, last four digits of a number, or ID number"),
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


class DayInput(forms.DateInput):
    """A day, chosen or typed; what is shown again is what the browser understands."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def day(label: Any, *, required: bool = True, hint: Any = "") -> forms.DateField:
    """Return a field for a day."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=hint,
        widget=DayInput(),
        error_messages={"invalid": _("This is no date.")},
    )


class EnrolForm(KitForm):
    """A person as she is first registered. Birth date and sex follow from the ID number."""

    id_number = forms.CharField(
        label=_("ID number"),
        max_length=18,
        required=False,
        help_text=_("18 digits; birth date and sex are taken from it and compared."),
    )
    name = forms.CharField(label=_("Name"), max_length=60)
    birth_on = day(_("Birth date"), required=False, hint=_("Needed without an ID number."))
    sex = forms.ChoiceField(
        label=_("Sex"),
        required=False,
        choices=[("", _("as in the ID number, else not known")), *terms.Sex.choices],
    )
    phone = forms.RegexField(
        PHONE,
        label=_("Own phone"),
        required=False,
        max_length=20,
        error_messages={"invalid": _("This is no phone number.")},
    )
    community = forms.ChoiceField(label=_("Community"))
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    lives_since = day(
        _("Lives there since"), required=False, hint=_("If nobody knows, leave it out: today.")
    )
    living = forms.ChoiceField(label=_("Living situation"))
    another = forms.BooleanField(label=_("I have compared: this is another person"), required=False)

    def __init__(
        self, *args: Any, communities: Iterable[tuple[str, str]], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        choose(self, "community", [("", _("choose")), *communities])
        choose(self, "living", register.kinds()[register.LIVING].choices)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        born, sex = given.get("birth_on"), given.get("sex")
        if given.get("id_number"):
            try:
                number, of_number, its_sex = idnumber.parse(given["id_number"], today=self.today)
            except Invalid:
                self.add_error(
                    "id_number", _("This ID number cannot be right: please check its 18 digits.")
                )
                return given
            if born not in (None, of_number):
                self.add_error("birth_on", _("The ID number says another birth date."))
            if sex and sex != its_sex:
                self.add_error("sex", _("The ID number says the other sex."))
            given |= {"id_number": number, "birth_on": of_number, "sex": its_sex}
        elif born is None and "birth_on" not in self.errors:
            self.add_error("birth_on", _("Without an ID number the birth date is needed."))
        elif born is not None and born > self.today:
            self.add_error("birth_on", _("This date lies in the future."))
        given["sex"] = given.get("sex") or "unknown"
        return given


def choose(form: forms.Form, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Give a field of choices its choices."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - a field of choices
    field.choices = list(choices)


class RecordForm(KitForm):
    """A fact of one kind with its true date; for a correction with a reason too."""

    since_on = day(_("True since"), hint=_("The day on which it became so, not today's."))
    note = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=300,
        help_text=_("Papers seen, who told. It is stored encrypted."),
        widget=forms.Textarea(attrs={"rows": "2"}),
    )
    between = forms.BooleanField(
        label=_("It was so only until the later entry begins"), required=False
    )

    def __init__(
        self,
        *args: Any,
        kind: Kind,
        communities: Iterable[tuple[str, str]] = (),
        correcting: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        own: dict[str, forms.Field] = {}
        if kind.form == "choice":
            own["value"] = forms.ChoiceField(label=str(kind.label), choices=kind.choices)
            if kind.levels:
                levels = [("", _("none")), *kind.levels.items()]
                own["level"] = forms.ChoiceField(label=_("Level"), required=False, choices=levels)
        elif kind.form == "home":
            where = [(ADDRESS, _("at this address")), (ELSEWHERE, _("moved away from here"))]
            own["where"] = forms.ChoiceField(
                label=pgettext_lazy("a move", "Where"),
                choices=where,
                widget=forms.RadioSelect,
                initial=ADDRESS,
            )
            own["community"] = forms.ChoiceField(
                label=_("Community"), required=False, choices=[("", _("choose")), *communities]
            )
            own["address"] = forms.CharField(label=_("Address"), max_length=200, required=False)
        elif kind.form == "sealed" and kind.code == register.PHONE:
            own["value"] = forms.RegexField(
                PHONE,
                label=str(kind.label),
                max_length=20,
                error_messages={"invalid": _("This is no phone number.")},
            )
        elif kind.form in ("sealed", "text"):
            own["value"] = forms.CharField(label=str(kind.label), max_length=60)
        if kind.form == "death":
            self.fields["since_on"].label = _("Day of death")
            self.fields["since_on"].help_text = _("As on the death certificate.")
        if correcting:
            own["reason"] = forms.CharField(label=_("Why is it corrected?"), max_length=200)
        self.fields = {**own, **self.fields}
        if not self.data.get("between") and "ask_between" not in self.data:
            del self.fields["between"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if self.kind.form == "home" and given.get("where") == ADDRESS:
            for name in ("community", "address"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, _("Fill this in."))
        return given


class ContactForm(KitForm):
    name = forms.CharField(label=_("Name"), max_length=60)
    relation = forms.ChoiceField(label=_("Relation"), choices=terms.Relation.choices)
    phone = forms.RegexField(
        PHONE,
        label=_("Phone"),
        max_length=20,
        error_messages={"invalid": _("This is no phone number.")},
    )
    rank = forms.IntegerField(
        label=_("Order"), min_value=1, max_value=20, initial=1, help_text=_("1 is called first.")
    )
    since_on = day(_("True since"), required=False)


class FactForm(KitForm):
    """What one must know of a person."""

    kind = forms.ChoiceField(label=pgettext_lazy("of a fact", "Kind"), choices=terms.FactKind)
    words = forms.CharField(
        label=pgettext_lazy("a fact", "In words"),
        max_length=40,
        help_text=_("What is common is offered while you type; a dose may stand behind it."),
        widget=forms.TextInput(attrs={"list": "known-facts", "autocomplete": "off"}),
    )
    in_english = forms.CharField(
        label=_("In English"),
        max_length=60,
        required=False,
        help_text=_("Only for your own words, where somebody reads English."),
    )
    until_on = day(
        _("Last day on which it holds"), required=False, hint=_("Leave it out if nobody knows.")
    )


class EndForm(KitForm):
    """Let a contact end."""

    until_on = day(_("Not to be called since"))


class ReasonForm(KitForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, widget=forms.Textarea(attrs={"rows": "2"})
    )


class ExportForm(KitForm):
    """Take a list along: what for, and in which form."""

    reason = forms.CharField(
        label=_("What is it for?"),
        max_length=200,
        help_text=_("It is written into the audit with your name."),
    )
    format = forms.ChoiceField(label=_("File"), choices=Format.choices, widget=forms.RadioSelect)
