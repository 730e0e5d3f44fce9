"""The fuzzer of forms finds what it is there to find: faults, changes, forms and their fields."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client, override_settings

from songhe.kit.screens import Screen
from tests.fuzz import forms
from tests.fuzz.forms import Form, Sent

PAGE = """<form method="post" action="/a/" id="f"><input name="one" value="1"><select name="two">
<option value="x"><option value="y"></select><input type="checkbox" name="three" value="z">
<textarea name="four">words</textarea><input type="file" name="paper"></form>
<button name="five" value="5" form="f">Go</button><a href="?page=2&amp;q=">next</a>
<form><input type="search" name="q"></form>"""


def test_forms_are_read_with_their_fields_and_the_questions_of_links() -> None:
    screen = Screen("x/", "a:b", "a.view_b", False, None, None, "v")
    first, second, links = forms.forms_of(screen, "/x/?page=1", PAGE)
    assert (first.action, first.method) == ("/a/", "post")
    assert first.usual() == {"one": ["1"], "two": ["x"], "three": [], "four": [], "paper": [""],
                             "five": ["5"]}  # fmt: skip
    assert first.fields["paper"][0] == "file"
    assert (second.action, second.method, list(second.fields)) == ("/x/?page=1", "get", ["q"])
    assert (links.action, links.usual()) == ("/x/", {"page": ["2"], "q": [""]})


@pytest.mark.django_db
@override_settings(ROOT_URLCONF="songhe.kit.tests.sample_urls")
def test_a_fault_is_told_with_its_place() -> None:
    form = Form("sample", "/fault/", "get", {})
    found = forms.wrong(form, forms.post(Client(), form, {}, None, as_fragment=False))
    assert found.startswith("500 ")
    assert "sample_urls.py" in found
    away = Form("sample", "/unavailable/", "get", {})
    sent = forms.post(Client(), away, {}, None, as_fragment=False)
    assert forms.wrong(away, sent).startswith("503")
    outside = Form("signin:outside", "/unavailable/", "get", {})
    assert forms.wrong(outside, sent) == ""


@pytest.mark.django_db
def test_what_a_refusal_changed_is_seen() -> None:
    before, touched = forms.fingerprint(), forms.rows_written()
    assert not forms._changed(422, touched, before)
    Group.objects.create(name="left behind")
    assert forms._changed(422, touched, before)
    assert not forms._changed(302, touched, before), "what was not refused may change"
    form = Form("a:b", "/", "post", {})
    assert forms.wrong(form, Sent(422, "", [], changed=True))
    assert forms.wrong(form, Sent(200, "", ["Traceback (most recent"], changed=False))


def test_halves_of_surrogates_are_sent_as_bytes_that_are_no_text() -> None:
    assert forms.encoded({"a": ["\ud800", "x"]}) == "a=%ED%A0%80&a=x"
