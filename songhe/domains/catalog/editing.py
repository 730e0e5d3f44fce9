"""The editor of a version: plain forms, one a step; whatever is pressed keeps what was entered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from songhe.domains.catalog.forms import choose, day_input, select
from songhe.domains.catalog.selectors import VersionView
from songhe.domains.catalog.terms import (
    MEASURES,
    Check,
    Draft,
    Evidence,
    ItemKind,
    Judged,
    Limit,
    Step,
)
from songhe.domains.catalog.words import MEASURE_WORDS
from songhe.domains.organizations.terms import all_qualifications
from songhe.kernel.errors import SongheError
from songhe.kit.errors import sentence
from songhe.kit.forms import KitForm, refuse
from songhe.kit.statuses import WORDS

MOST_ROWS = 60
_LIMITS = ("ge_1", "le_1", "ge_2", "le_2", "limit_source", "limit_status")
_DO = re.compile(r"(add|remove|up|down)-(steps|checks)-(\d{1,3})")


class HeadForm(KitForm):
    """What is said of the whole item."""

    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=40)
    name_en = forms.CharField(label=_("Name in English"), max_length=80)
    text_zh = forms.CharField(label=_("In a sentence, Chinese"), max_length=200, required=False)
    text_en = forms.CharField(label=_("In a sentence, English"), max_length=400, required=False)
    duration_minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=1440)
    workers_needed = forms.IntegerField(
        label=_("Workers needed"), min_value=1, max_value=6, initial=1
    )
    requires = forms.MultipleChoiceField(
        label=_("What every worker must hold"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    from_on = forms.DateField(label=_("In force from"), widget=day_input())
    reason = forms.CharField(label=_("Why it changes"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "requires", [(one.code, one.name) for one in all_qualifications().values()])


class NewForm(HeadForm):
    """A new item: its code and kind, which never change."""

    code = forms.CharField(
        label=_("Item code"),
        max_length=40,
        help_text=_("Small letters, digits and hyphens, such as home-bath; it never changes."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=ItemKind.choices, widget=select())
    region = forms.CharField(
        label=_("Region"), max_length=12, required=False, help_text=_("Where it is offered.")
    )
    field_order = ("code", "kind", "region")


class RowForm(KitForm):
    """A line; its code is its own and is made for a new one."""

    code = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    zh = forms.CharField(label=_("Chinese"), max_length=200)
    en = forms.CharField(label=_("English"), max_length=300)
    folded: ClassVar[tuple[str, ...]] = ()

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.folded]

    @property
    def folded_fields(self) -> list[forms.BoundField]:
        """Return the fields that few lines need."""
        return [self[name] for name in self.folded]

    @property
    def is_unfolded(self) -> bool:
        """Tell whether one of them says something, or is at fault."""
        return any(self[name].errors or self[name].value() not in (None, "", "E")
                   for name in self.folded)  # fmt: skip


def _bound(label: Any, help_text: Any = "") -> forms.FloatField:
    return forms.FloatField(
        label=label, help_text=help_text, required=False, widget=forms.NumberInput({"step": "any"})
    )


class StepForm(RowForm):
    folded = _LIMITS
    evidence = forms.ChoiceField(label=_("Proof"), choices=Evidence.choices, widget=select())
    measure = forms.ChoiceField(label=_("What is measured"), required=False, widget=select())
    required = forms.BooleanField(label=_("Without it the visit is not done"), required=False)
    most_minutes = forms.IntegerField(label=_("At most minutes"), required=False)
    stop_zh = forms.CharField(label=_("When to stop, Chinese"), max_length=200, required=False)
    stop_en = forms.CharField(label=_("When to stop, English"), max_length=300, required=False)

    ge_1 = _bound(_("Stop from this value up"), _("Of blood pressure: the upper one."))
    le_1 = _bound(_("Stop from this value down"))
    ge_2 = _bound(_("Lower blood pressure: stop from this value up"))
    le_2 = _bound(_("Lower blood pressure: stop from this value down"))
    limit_source = forms.CharField(
        label=_("Where these limits come from"), max_length=80, required=False
    )
    limit_status = forms.ChoiceField(
        label=_("How sure that is"), required=False, initial="E", choices=[*WORDS.items()],
        widget=select(),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "measure", [("", _("nothing")), *MEASURE_WORDS.items()])


def _limits_as_fields(step: Step) -> dict[str, Any]:
    """Return the limits of a step as its form has them: one pair of bounds for each code."""
    found: dict[str, Any] = dict.fromkeys(_LIMITS)
    for limit in step.limits:
        number = step.codes.index(limit.code) + 1
        found |= {f"ge_{number}": limit.ge, f"le_{number}": limit.le}
        found |= {"limit_source": limit.source, "limit_status": limit.status}
    return found


def _step(row: dict[str, Any]) -> Step:
    """Return the step of a line; bounds of a value that is not measured go to no code."""
    given = {name: row.pop(name) for name in _LIMITS}
    measured = MEASURES.get(row["measure"], ())
    limits = []
    for number in (1, 2):
        ge, le = given[f"ge_{number}"], given[f"le_{number}"]
        if ge is None and le is None:
            continue
        code = measured[number - 1] if number <= len(measured) else ""
        limits.append(
            Limit(code, ge, le, given["limit_source"].strip(), given["limit_status"] or "E")
        )
    return Step(**row, limits=tuple(limits))


class CheckForm(RowForm):
    judged = forms.ChoiceField(label=_("How it is judged"), choices=Judged.choices, widget=select())


_ROWS: dict[str, type[RowForm]] = {"steps": StepForm, "checks": CheckForm}
_EMPTY = {"steps": {"evidence": "check"}, "checks": {"judged": "rating"}}
Rows = dict[str, list[dict[str, Any]]]


class Editor:
    """Head and lines of a version. `is_bound` once it was sent to be published."""

    def __init__(self, head: HeadForm, rows: Rows, *, is_bound: bool) -> None:
        self.head, self._rows, self.is_bound = head, rows, is_bound
        self.steps = self._forms("steps")
        self.checks = self._forms("checks")

    def _forms(self, name: str) -> list[RowForm]:
        return [
            _ROWS[name](_prefixed(row, f"{name}-{number}"), prefix=f"{name}-{number}")
            if self.is_bound
            else _ROWS[name](initial=row, prefix=f"{name}-{number}")
            for number, row in enumerate(self._rows[name])
        ]

    @property
    def mistakes(self) -> list[dict[str, str]]:
        """Return every mistake with the id of its field, for the summary."""
        return [one for form in self._all() for one in form.mistakes]

    def _all(self) -> list[KitForm]:
        return [self.head, *self.steps, *self.checks]

    def is_valid(self) -> bool:
        """Tell whether every form is whole."""
        return all([form.is_valid() for form in self._all()])

    def refuse(self, error: SongheError) -> None:
        """Put a refusal on the line or field it names."""
        where, _dash, name = str(error.params.get("field", "")).rpartition("-")
        for form in (*self.steps, *self.checks):
            if form.prefix == where and name in form.fields:
                form.add_error(name, sentence(error))
                return
        refuse(self.head, error)

    def draft(self) -> Draft:
        """Return what was entered; a new line gets a code of its own."""
        given = self.head.cleaned_data
        return Draft(
            **{name: given[name] for name in ("name_zh", "name_en", "text_zh", "text_en")},
            duration_minutes=given["duration_minutes"],
            workers_needed=given["workers_needed"],
            requires=tuple(given["requires"]),
            steps=tuple(_step(row) for row in _coded(self.steps, "step")),
            checks=tuple(Check(**row) for row in _coded(self.checks, "check")),
        )


def _prefixed(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {f"{prefix}-{name}": value for name, value in row.items()}


def _coded(forms_: list[RowForm], stem: str) -> list[dict[str, Any]]:
    rows = [dict(form.cleaned_data) for form in forms_]
    taken = {row["code"] for row in rows}
    number = 0
    for row in rows:
        while not row["code"]:
            number += 1
            if (name := f"{stem}-{number}") not in taken:
                row["code"] = name
                taken.add(name)
    return rows


def of_version(version: VersionView, from_on: date) -> Editor:
    """Return the editor with what a version says."""
    head = {
        name: getattr(version, name) for name in HeadForm.base_fields if hasattr(version, name)
    } | {"from_on": from_on, "requires": list(version.requires), "reason": ""}
    rows: Rows = {
        "steps": [_row(StepForm, one) for one in version.steps],
        "checks": [_row(CheckForm, one) for one in version.checks],
    }
    return Editor(HeadForm(initial=head), rows, is_bound=False)


def _row(form: type[RowForm], one: Step | Check) -> dict[str, Any]:
    limits = _limits_as_fields(one) if isinstance(one, Step) else {}
    return limits | {name: getattr(one, name) for name in form.base_fields if name not in limits}


def empty(region: str, from_on: date) -> Editor:
    """Return the editor of a new item, with one step."""
    head = NewForm(initial={"from_on": from_on, "region": region, "workers_needed": 1})
    return Editor(head, {"steps": [dict(_EMPTY["steps"])], "checks": []}, is_bound=False)


def posted(data: Any, head: type[HeadForm]) -> tuple[Editor, bool]:
    """Return the editor as it was sent, and whether it is to be published.

    Another button (`do`) adds, removes or moves a line, and shows the editor again.
    """
    rows: Rows = {name: _sent(data, name) for name in _ROWS}
    asked = _DO.fullmatch(data.get("do", ""))
    if asked is None:
        return Editor(head(data), rows, is_bound=True), True
    _act(rows[asked[2]], asked[1], int(asked[3]), asked[2])
    entered: dict[str, Any] = {name: data.get(name, "") for name in head.base_fields}
    entered["requires"] = data.getlist("requires")
    return Editor(head(initial=entered), rows, is_bound=False), False


def _sent(data: Any, name: str) -> list[dict[str, Any]]:
    """Return the lines that were sent, as they were typed."""
    form, rows = _ROWS[name], []
    for number in range(MOST_ROWS):
        prefix = f"{name}-{number}"
        if f"{prefix}-zh" not in data:
            break
        keys = [key for key in form.base_fields if f"{prefix}-{key}" in data]
        rows.append({key: data[f"{prefix}-{key}"] for key in keys})
    return rows


def _act(rows: list[dict[str, Any]], what: str, number: int, name: str) -> None:
    if what == "add" and len(rows) < MOST_ROWS:
        rows.insert(min(number, len(rows)), dict(_EMPTY[name]))
    elif what == "remove" and number < len(rows):
        del rows[number]
    elif what in ("up", "down"):
        other = number + (-1 if what == "up" else 1)
        if 0 <= other < len(rows) and number < len(rows):
            rows[number], rows[other] = rows[other], rows[number]
