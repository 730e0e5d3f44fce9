"""Every route by every role, in the own town: a change of access shows as a changed golden file.

Write the file anew with SONGHE_GOLDEN=write and read its difference before committing it.
"""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import resolve, reverse

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.domains.security import audit_words
from songhe.kit.screens import Screen, ScreenDenied, all_screens, stray_routes
from tests.access.duplicates import make_duplicates
from tests.access.retention import make_retention
from tests.access.world import (
    PERSONAL,
    World,
    make_world,
)

GOLDEN = Path(__file__).parents[1] / "golden/access_matrix.csv"
REFUSED = {401, 403, 404}
QUIET = {
    "audit_auditentry",
    "audit_pending",
    "accounts_session",
    "signin_attempt",
    "notify_pushkey",  # made once for the install, when somebody first asks for it
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    made = make_world(datetime.now(UTC))
    make_duplicates(made, datetime.now(UTC))
    make_retention(made, datetime.now(UTC))
    return made


def address(screen: Screen, world: World) -> str:
    """Return the screen's address for the things of town a."""
    town = world.towns["a"]
    whose: dict[str, UUID | str] = {
        "person": town.person,
        "beds/": world.home_bed,
        "bed": world.refused_bed,
        "ward/handover": world.handover,
        "return": world.home_return,
        "entitlements/": world.money.entitlement,
        "billing/charges": world.money.charge,
        "billing/receipts": world.money.receipt,
        "billing/settlements": world.money.settlement,
        "billing/disputes": world.money.dispute,
        "line": world.money.line,
        "device": town.device,
        "alarm": town.alarm,
        "plans/orders": world.planned_order,
        "plans/visits": world.planned_visit,
        "plans/leaves": world.leave,
        "plans/": world.plan,
        "series": world.series,
        "order": town.order,
        "work/visits": world.visit,
        "visit": world.done_visit,
        "offer": world.offer,
        "rescues/worker": world.users["worker"].pk,
        "letter": town.letter,
        "home": town.home,
        "organization": town.organization,
        "room": town.room,
        "absence": town.absence,
        "trial": world.trial,
        "suggestion": world.suggestion,
        "run": world.run,
        "contact": town.contact,
        "fact": town.fact,
        "record": town.record,
        "gone": town.gone,
        "merge": town.merge,
        "import": world.tables.get(screen.name.rpartition("_")[0], world.table),
        "request": world.request,
        "recipient": world.consented,
        "guardianship": world.guardianship,
        "paper": world.paper,
        "emergency": world.emergency,
        "staff": world.staff,
        "role": world.role,
        "qualification": world.qualification,
        "item": world.item,
        "hold": world.hold,
        "destruction": world.destruction,
        "file": world.file,
        "notice": world.notice,
        "browser": world.browser,
        "complaint": world.complaint,
        "user": world.users["worker"].pk,
        "worker": world.users["worker"].pk,
    }
    values: dict[str, UUID | str] = {}
    for converter, name in re.findall(r"<(?:(\w+):)?(\w+)>", screen.route):
        stem = name.removesuffix("_id")
        if stem in whose:
            values[name] = whose[stem]
        elif name == "key":
            values[name] = town.reading
        elif converter == "uuid":
            values[name] = whose[next(key for key in whose if key in screen.route)]
        else:
            values[name] = PARAMETERS[name]
    query = f"?scope=person:{town.person}" if screen.name in SCOPED else ""
    return reverse(screen.name, kwargs=values) + query


SCOPED = {
    "monitoring:pick_rule",
    "monitoring:change_rule",
    "monitoring:try_rule",
    "monitoring:revert_rule",
}
PARAMETERS = {
    "rule": "bp-critical",
    "rule_id": "bp-critical",
    "code": "sbp",
    "programme": "half",
    "day": "2026-11-21",
    "type": "bp-monitor",
    "step": "install",
    "move": "pause",
    "scope": "person",
    "kind": "sbp",
    "region": "990121001",
    "chart": "blood-pressure",
    "wave": "ecg",
    "action": "take",
    "job": "2000000000",
    "topic": "living",
    "purpose": "family",
    "request_kind": "copy",
    "data_class": "alarms",
}


def written() -> list[tuple[str, int]]:
    """Return how many rows this transaction wrote by table, as the server counts them.

    What was taken back is counted too: a refusal must not even try.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 AND NOT relname = ANY(%s) ORDER BY 1",
            [sorted(QUIET)],
        )
        return cursor.fetchall()


@dataclass
class Answer:
    """What came back, and what a refused post wrote all the same."""

    status: int
    location: str
    text: str
    wrote: list[tuple[str, int]] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return refused(self.status, self.location)


def ask(client: Client, method: str, url: str) -> Answer:
    """Return the answer to a request whose effects are taken back."""
    kept = copy.deepcopy(client.cookies)  # signing out takes the cookie away
    with transaction.atomic():
        before = written() if method == "POST" else []
        response = client.generic(method, url) if method == "GET" else client.post(url)
        text = b"".join(response.streaming_content) if response.streaming else response.content
        answer = Answer(
            response.status_code, response.get("Location", ""), text.decode("utf-8", "replace")
        )
        if method == "POST" and answer.refused:
            answer.wrote = [one for one in written() if one not in before]
        transaction.set_rollback(True)
    client.cookies = kept
    return answer


def at_the_door(actor: Actor, url: str) -> Answer:
    """Return the answer to a post by somebody whose roles do not carry the screen.

    The door turns it away before anything is read. Asking for the same page went the whole way;
    these 4,000 go to the door alone.
    """
    request = RequestFactory().post(url)
    request.actor = actor
    match = resolve(urlsplit(url).path)
    with pytest.raises(ScreenDenied):
        match.func(request, *match.args, **match.kwargs)
    return Answer(ScreenDenied.status, "", "")


def refused(status: int, location: str) -> bool:
    return status in REFUSED or (status == 302 and location.startswith("/sign-in/"))


# Who has nothing to do with the things of town a: no role, another region, another organisation.
STRANGERS = ("nobody", "wu", "operator_b", "clinician_b")
# Screens with an id in their address of which the world here has nothing to open, and why.
NOT_HERE = {
    "security:erase_person": "erases whose request it is: tried with requests of that kind",
    "signin:remove_factor": "one's own second factor: none here has one",
}


class Strangers:
    """Counts the answers, and keeps which things of town a were open to whom they must not."""

    def __init__(self) -> None:
        self.admitted: list[str] = []
        self._asked = self._refused = 0
        self._opened: dict[str, bool] = {}

    def note(self, screen: Screen, method: str, who: str, answer: Answer) -> None:
        """Take note of one answer."""
        self._asked += 1
        self._refused += answer.refused
        if "<uuid:" not in screen.route or screen.name in NOT_HERE:
            return
        is_open = not answer.refused and answer.status != 405
        if who in STRANGERS:
            if is_open:
                self.admitted.append(f"{who} {method} {screen.name}: {answer.status}")
        else:
            self._opened[screen.name] = self._opened.get(screen.name, False) or is_open

    @property
    def shut(self) -> list[str]:
        """Return the screens of one thing that nobody at all could open."""
        return sorted(name for name, was in self._opened.items() if not was)

    def counts(self) -> str:
        """Return what the matrix proves, in numbers, for the golden file."""
        return (
            f"# {self._asked} answers, {self._refused} refused; {len(self._opened)} screens of one"
            f" thing, refused to {', '.join(STRANGERS)}"
        )


def test_there_is_no_route_beside_screen() -> None:
    assert stray_routes() == ()


def test_the_matrix_is_as_agreed_and_refusals_change_nothing(world: World) -> None:
    rows = ["method,screen," + ",".join(["nobody", *world.users])]
    clients = {"nobody": Client(raise_request_exception=True)}
    for name, user in world.users.items():
        clients[name] = Client(raise_request_exception=True)
        signed_in(clients[name], user, at=datetime.now(UTC))
    actors = {"nobody": Actor(None, "")} | {
        name: access.actor_for(user, datetime.now(UTC)) for name, user in world.users.items()
    }
    strangers = Strangers()
    for screen in sorted(all_screens(), key=lambda s: s.name):
        url = address(screen, world)
        for method in ("GET", "POST"):
            cells = []
            for who, client in clients.items():
                actor = actors[who]
                shut = screen.action and actor.is_authenticated and not actor.may(screen.action)
                answer = (
                    at_the_door(actor, url)
                    if shut and method == "POST"
                    else ask(client, method, url)
                )
                assert answer.status < 500, f"{who} {method} {url}: {answer.status}"
                sent_away = answer.refused and answer.status == 302
                cells.append("sign-in" if sent_away else str(answer.status))
                strangers.note(screen, method, who, answer)
                assert not answer.wrote, f"{who} was refused at {url}, and it wrote {answer.wrote}"
            rows.append(f"{method},{screen.name}," + ",".join(cells))
    rows.append(strangers.counts())
    text = "\n".join(rows) + "\n"
    if os.environ.get("SONGHE_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert not strangers.admitted, "something of another region or organisation is open"
    assert not strangers.shut, "a thing that is open to nobody at all proves nothing"


@pytest.mark.parametrize("who", ["nobody", "wu"])
def test_who_may_see_nothing_reads_no_personal_word_anywhere(world: World, who: str) -> None:
    client = Client(raise_request_exception=True)
    if who != "nobody":
        signed_in(client, world.users[who], at=datetime.now(UTC))
    for screen in all_screens():
        text = ask(client, "GET", address(screen, world)).text
        for word in PERSONAL:
            assert word not in text, f"{who} reads {word} at {screen.name}"


def test_the_other_town_is_closed_to_its_neighbour(world: World) -> None:
    client = Client(raise_request_exception=True)
    signed_in(client, world.users["operator_b"], at=datetime.now(UTC))
    for screen in all_screens():
        url = address(screen, world)
        text = ask(client, "GET", url).text
        for word in ("陈秀兰", "19911110001", "桂花里 3 号"):
            assert word not in text, f"the neighbour reads {word} at {screen.name}"


@pytest.mark.parametrize("who", ["regulator", "payer"])
def test_who_supervises_or_pays_reads_counts_and_no_names(world: World, who: str) -> None:
    client = Client(raise_request_exception=True)
    signed_in(client, world.users[who], at=datetime.now(UTC))
    opened = 0
    for screen in all_screens():
        answer = ask(client, "GET", address(screen, world))
        opened += answer.status == 200 and not screen.public
        for word in PERSONAL:
            assert word not in answer.text, f"the {who} reads {word} at {screen.name}"
    assert opened >= 2


def test_whatever_is_audited_has_words(world: World) -> None:
    """An old person reads who did what with her data: in words, not in codes."""
    client = Client(raise_request_exception=True)
    for who in ("operator", "regulator", "provider_manager", "family"):
        signed_in(client, world.users[who], at=datetime.now(UTC))
        for screen in all_screens():  # what is shown is audited too
            client.get(address(screen, world))
    done = set(AuditEntry.objects.values_list("action", flat=True))
    unnamed = sorted(done - {code for code, _words in audit_words.known_actions()})
    assert not unnamed, "\n".join(unnamed)


# A role that sees nothing of what it should see is as wrong as one that sees too much.
SHOULD_SEE = [
    ("operator", "desk:alarms", "186/112"),
    ("operator", "desk:alarm", "陈秀兰"),
    ("operator", "people:person", "陈秀兰"),
    ("shift_leader", "desk:alarm", "陈秀兰"),
    ("clinician", "people:person", "陈秀兰"),
    ("family", "people:person", "陈秀兰"),
    ("elder", "people:person", "陈秀兰"),
    ("regulator", "monitoring:statistics", "1"),
    ("payer", "billing:settlement", "陈＊＊"),
    ("payer", "billing:line", "陈＊＊"),
    ("device_keeper", "devices:device_list", "bp-monitor"),
    ("elder", "security:who_sees", "family"),
    ("family", "security:who_sees", "family"),
    ("registrar", "security:consent_records", "family"),
    ("privacy_officer", "security:review_emergency", "clinician"),
    ("admin", "organizations:organization", "护理员"),
    ("admin", "organizations:who_sees", "family"),
    ("auditor", "organizations:what_sees", "worker"),
]


@pytest.mark.parametrize(("who", "name", "word"), SHOULD_SEE)
def test_each_role_sees_what_it_should(world: World, who: str, name: str, word: str) -> None:
    client = Client(raise_request_exception=True)
    signed_in(client, world.users[who], at=datetime.now(UTC))
    screen = next(one for one in all_screens() if one.name == name)
    answer = ask(client, "GET", address(screen, world))
    assert answer.status == 200
    assert word in answer.text
