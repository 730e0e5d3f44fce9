"""Every form of every screen, as several roles, with hostile values: never a fault, no change by
what was refused, no page without its token, no inside of ours in an answer.

`./dev fuzz forms --minutes N` goes on for longer, each time with other values.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings

from songhe.base.access import services as access
from songhe.base.accounts.testing import signed_in
from songhe.kit.screens import Screen, all_screens
from tests.access.test_matrix import address, ask
from tests.access.world import World, make_world
from tests.fuzz import forms
from tests.fuzz.forms import FILES, NAMES, Form, Mark, Values, fingerprint

pytestmark = pytest.mark.django_db
ROLES = ("operator", "registrar", "elder", "admin", "clinician", "device_keeper", "privacy_officer")
MINUTES = float(os.environ.get("SONGHE_FUZZ_MINUTES", "0"))
EXAMPLES = 3
# A refusal that is written down on purpose: (screen) and why.
NOTED = {
    "security:look_up": "a search that found nobody is counted, so that nobody can go on guessing",
}


@pytest.fixture
def world(db: None) -> World:
    return make_world(datetime.now(UTC))


@dataclass
class Met:
    """The forms that were met, each once, and who may open which screen."""

    every: list[tuple[Client, Form]]
    openers: list[tuple[Screen, str, Client]]


def addresses(world: World) -> Iterator[tuple[Screen, str]]:
    for screen in all_screens():
        try:
            yield screen, address(screen, world)
        except (KeyError, StopIteration):  # the access matrix fails for it
            continue


def meet(world: World) -> Met:
    """Open every screen as the first role that may, and read its forms."""
    now = datetime.now(UTC)
    nobody = Client()
    people = []
    for role in ROLES:
        client = Client()
        signed_in(client, world.users[role], at=now)
        people.append((client, access.actor_for(world.users[role], now)))
    found: dict[object, tuple[Client, Form]] = {}
    openers = []
    for screen, url in addresses(world):
        may = [c for c, actor in people if screen.action and actor.may(screen.action)]
        for client in [nobody] if screen.public else may:
            answer = ask(client, "GET", url)
            if answer.status not in (200, 405):
                continue
            openers.append((screen, url, client))
            for form in forms.forms_of(screen, url, answer.text):
                found.setdefault(form.key, (client, form))
            break
    return Met(list(found.values()), openers)


def least(
    client: Client, form: Form, sent: Values, before: Mark | None, as_fragment: bool
) -> Values:
    """Return the fields that matter: the rest as it stood on the page."""
    usual, kept = form.usual(), dict(sent)
    for name in list(sent):
        tried = (
            {**kept, name: usual[name]}
            if name in usual
            else {k: v for k, v in kept.items() if k != name}
        )
        if forms.wrong(form, forms.post(client, form, tried, before, as_fragment=as_fragment)):
            kept = tried
    return {name: value for name, value in kept.items() if value != usual.get(name)}


def fuzzed(client: Client, form: Form, mark: Mark, examples: int, number: int) -> list[str]:
    """Send a form some times; return what went wrong, each fault once, with the least input."""
    before = None if form.screen in NOTED else mark
    found: dict[str, str] = {}

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(forms.values(form))
    def one(drawn: tuple[Values, bool]) -> None:
        sent, as_fragment = drawn
        send = partial(forms.post, client, form, as_fragment=as_fragment)
        fault = forms.wrong(form, send(sent, before))
        if fault and fault not in found:
            found[fault] = f"{form.method} {form.screen} -> {form.action}: {fault}: " + ascii(
                least(client, form, sent, before, as_fragment)
            )

    one()
    return list(found.values())


def values_break(met: Met, mark: Mark) -> Iterator[str]:
    """Send hostile values to every form; go on as long as was asked for."""
    number, began = 20261122 + (time.time_ns() if MINUTES else 0), time.monotonic()
    while True:
        for client, form in met.every:
            yield from fuzzed(client, form, mark, 40 if MINUTES else EXAMPLES, number)
        number += 1
        if time.monotonic() - began >= MINUTES * 60:
            return


def files_break(met: Met, mark: Mark) -> Iterator[str]:
    """Send hostile files wherever one is taken."""
    takers = [
        (c, f, n) for c, f in met.every for n, (kind, _) in f.fields.items() if kind == "file"
    ]
    assert takers, "no form takes a file"
    for client, form, name in takers:
        for at, (what, body) in enumerate(FILES.items()):
            file = (NAMES[at % len(NAMES)], body)
            fault = forms.wrong(form, forms.upload(client, form, name, file, mark))
            if fault:
                yield f"{form.screen}: {what} as {file[0]!r}: {fault}"


def addresses_break(met: Met) -> Iterator[str]:
    """Ask for addresses with hostile words where a route takes words."""
    for screen, url, client in met.openers:
        for path in forms.hostile_paths(url, screen):
            form = Form(screen.name, path, "get", {})
            fault = forms.wrong(form, forms.post(client, form, {}, None, as_fragment=False))
            if fault:
                yield f"{screen.name} {path!r}: {fault}"


def tokens_are_missed(met: Met, mark: Mark) -> Iterator[str]:
    """Send every form without its token, as a page of somebody else's would."""
    for client, form in met.every:
        if form.method != "post":
            continue
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client.cookies
        sent = {n: value for n, value in form.usual().items() if n != "csrfmiddlewaretoken"}
        result = forms.post(strict, form, sent, mark, as_fragment=False)
        if result.status != 403 or result.changed:
            yield f"{form.screen} -> {form.action}: {result.status} without its token"


def test_nothing_that_is_sent_breaks_a_page_or_changes_what_it_may_not(world: World) -> None:
    met, mark = meet(world), fingerprint()
    assert len(met.every) >= 40, "too few forms were met for this to say much"
    found: dict[str, None] = {}
    for part in (
        tokens_are_missed(met, mark),
        files_break(met, mark),
        addresses_break(met),
        values_break(met, mark),
    ):
        for fault in part:
            print(fault, flush=True)
            found[fault] = None
    assert not found, "\n".join(found)
