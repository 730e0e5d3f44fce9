"""Slots, forms and tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from django.utils.safestring import mark_safe

from songhe.base.access.actor import Actor, HeldRole
from songhe.kernel.errors import Invalid
from songhe.kernel.ids import uuid7
from songhe.kit import slots
from songhe.kit.forms import KitForm, refuse
from songhe.kit.tables import Column, Table


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def request_of(actor: Actor | None = None, path: str = "/"):
    request = RequestFactory().get(path)
    request.actor = actor
    return request


def test_panels_come_in_order_escaped_and_for_those_who_may() -> None:
    def second(_request, person):
        return f"<b>{person}</b>"

    def first(_request, _person):
        return mark_safe("<i>1</i>")

    def hidden(_request, _person):
        return "for the desk"

    def nothing(_request, _person):
        return None

    for order, func, action in (
        (20, second, None),
        (10, first, None),
        (30, nothing, None),
        (40, hidden, "desk.view_desk"),
    ):
        slots.register("test.page", order, func, action=action)
    slots.register("test.page", 20, second)
    assert slots.render("test.page", request_of(), "Chen") == "<i>1</i>&lt;b&gt;Chen&lt;/b&gt;"
    sun = Actor(user_id=uuid7(), display_name="Sun", roles=(HeldRole("operator", ""),))
    assert slots.render("test.page", request_of(sun), "Chen").endswith("for the desk")
    assert slots.render("no.such", request_of()) == ""


class Pressure(KitForm):
    units = {"systolic": "mmHg"}
    systolic = forms.IntegerField(label="Systolic", help_text="The upper number")
    how = forms.ChoiceField(label="How", choices=(("a", "A"), ("b", "B")), widget=forms.RadioSelect)
    note = forms.CharField(label="Note", required=False)


def draw(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


def test_a_mistake_is_summed_up_linked_and_told_at_its_field() -> None:
    form = Pressure({"systolic": "", "note": "kept"})
    summary = draw("{% error_summary form %}", form=form)
    assert '<a href="#id_systolic">Systolic: Fill this in.</a>' in summary
    assert '<a href="#id_how_0">' in summary
    assert "2 things to change" in summary
    field = draw("{% field form.systolic %}", form=form)
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_systolic_hint id_systolic_error"' in field
    assert field.index("<label") < field.index("field-hint") < field.index("field-error")
    assert field.index("field-error") < field.index("<input") < field.index("mmHg")
    assert 'value="kept"' in draw("{% field form.note %}", form=form)
    assert "<fieldset" in draw("{% field form.how %}", form=form)


def test_no_mistake_no_summary() -> None:
    assert draw("{% error_summary form %}", form=Pressure()) == ""
    good = Pressure({"systolic": "132", "how": "a"})
    assert draw("{% error_summary form %}", form=good) == ""


def test_what_was_typed_is_escaped() -> None:
    form = Pressure({"systolic": '"><script>', "how": "a"})
    assert "<script>" not in draw("{% field form.systolic %}", form=form)


def test_a_services_refusal_goes_to_the_field_it_names() -> None:
    form = Pressure({"systolic": "132", "how": "a"})
    assert form.is_valid()
    refuse(form, Invalid(field="systolic"))
    refuse(form, Invalid(field="no_such_field"))
    assert form.mistakes == [
        {"target": "", "text": "This entry cannot be used."},
        {"target": "id_systolic", "text": "Systolic: This entry cannot be used."},
    ]


class Devices(Table):
    columns = (
        Column("name", "Name", value=lambda r: r[0], sort="name", link=lambda _r: "/d/"),
        Column("seen", "Seen", value=lambda r: r[1], kind="time"),
        Column("battery", "Battery", value=lambda r: r[2], kind="number", unit="%", sort="bat"),
    )
    per_page = 2
    default_sort = "name"
    caption = "Devices"
    empty = "None yet"


ROWS = [("<b>", datetime(2020, 1, 2, 3, tzinfo=UTC), 5.4), ("b", None, None), ("c", None, 1204.0)]


def test_a_table_sorts_by_known_words_only_and_keeps_other_parameters() -> None:
    assert Devices.sort_of(request_of(path="/?sort=-bat")) == "-bat"
    assert Devices.sort_of(request_of(path="/?sort=password")) == "name"
    heads = Devices(request_of(path="/?sort=name&q=x&page=2"), ROWS).heads
    assert heads[0].link == "?q=x&sort=-name"
    assert heads[0].sorted == "ascending"
    assert heads[2].link == "?q=x&sort=bat"
    assert heads[1].link == ""


def test_a_table_draws_pages_units_and_what_is_not_known() -> None:
    request = request_of(path="/?q=x")
    table = Devices(request, ROWS)
    html = draw("{% cotton table :table='table' / %}", table=table, request=request)
    assert '<a href="/d/">&lt;b&gt;</a>' in html
    assert 'datetime="2020-01-02T03:00:00+00:00"' in html
    assert "2 Jan 2020" in html
    assert html.count("not known") == 2
    assert "1 to 2 of 3" in html
    assert 'rel="next" href="?q=x&amp;page=2"' in html
    later = Devices(request_of(path="/?page=99"), ROWS)
    assert [row.obj[0] for row in later.rows] == ["c"]
    assert later.rows[0].cells[2].text == "1,204"


def test_an_empty_table_says_what_would_be_here() -> None:
    request = request_of()
    html = draw("{% cotton table :table='table' / %}", table=Devices(request, []), request=request)
    assert "None yet" in html
    assert "<table" not in html
