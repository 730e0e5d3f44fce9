"""The first page of each of the cast, and the ticket to the event stream."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.telemetry.tests.cast import Cast, make_cast, put_latest
from songhe.kernel import tickets
from songhe.kernel.time import from_us
from songhe.kernel.wire import SubjectKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name])
    client.cookies["songhe_language"] = "en"
    return client


def first_page(cast: Cast, name: str) -> str:
    response = client_of(cast, name).get("/")
    assert response.status_code == 200
    return response.content.decode()


def measured(cast: Cast, ago: timedelta) -> None:
    at = timezone.now() - ago
    put_latest(
        cast.chen,
        SubjectKind.PERSON,
        sbp=(134, at, cast.devices["bp"]),
        dbp=(78, at, cast.devices["bp"]),
    )


def test_nobody_is_led_to_sign_in() -> None:
    assert Client().get("/")["Location"] == "/sign-in/"


def test_an_operator_is_led_to_the_desk(cast: Cast) -> None:
    from django.urls import reverse

    assert client_of(cast, "sun").get("/")["Location"] == reverse("desk:alarms")


def test_a_care_worker_is_led_to_her_visits(cast: Cast) -> None:
    assert client_of(cast, "liu").get("/")["Location"] == "/work/"


def test_family_reads_the_state_in_a_sentence(cast: Cast) -> None:
    measured(cast, timedelta(minutes=12))
    text = first_page(cast, "wei")
    assert "陈秀兰" in text
    assert "Last heard of 12 minutes ago." in text
    assert "Blood pressure 134/78 mmHg, 12 minutes ago" in text
    assert "李大山" not in text
    reads = AuditEntry.objects.filter(action="telemetry.view_readings")
    assert [entry.ref for entry in reads] == [f"people.Person/{cast.chen}"]


def test_silence_is_said_and_never_calm(cast: Cast) -> None:
    measured(cast, timedelta(days=9))
    text = first_page(cast, "wei")
    assert "Not known how things are" in text
    assert "That does not mean that all is well." in text
    assert "134/78" not in text


def test_nothing_measured_yet(cast: Cast) -> None:
    assert "Nothing is measured yet." in first_page(cast, "wei")


def test_a_clinician_sees_an_open_alarm_of_his_person(cast: Cast) -> None:
    from songhe.domains.monitoring import services as monitoring

    now = timezone.now()
    measured(cast, timedelta(minutes=2))
    make_finding(
        rule="bp-critical",
        subject=cast.chen,
        at=now,
        device=cast.devices["bp"],
        summary={"code": 1, "value": 186.0, "value2": 112.0},
        evidence=[],
    )
    monitoring.take_findings(at=now)
    access.give_role(
        actor=SYSTEM,
        user=cast.users["zhao"],
        role="operator",
        region_prefix="990121",
        at=now - timedelta(days=1),
    )
    doctor = cast.users["zhao"]
    from songhe.portals.home import openings

    actor = access.actor_for(doctor, now)
    lines, more = openings._persons(actor, now)
    assert [line.sign for line in lines] == ["high"]
    assert lines[0].headline
    assert not more


def test_family_reads_what_rang_and_who_has_it(cast: Cast) -> None:
    """Only who may know of health and home; the same persons' readings alone say nothing of it."""
    from songhe.domains.monitoring import services as monitoring
    from songhe.domains.monitoring.models import Alarm

    now = timezone.now()
    measured(cast, timedelta(minutes=2))
    make_finding(
        rule="bp-critical",
        subject=cast.chen,
        at=now,
        device=cast.devices["bp"],
        summary={"code": 1, "value": 186.0, "value2": 112.0},
        evidence=[],
    )
    monitoring.take_findings(at=now)
    assert "rings at the desk" not in first_page(cast, "wei")
    for classes, said in ((["identity", "health"], False), (["home"], True)):
        access.grant(
            actor=SYSTEM,
            user=cast.users["wei"],
            subject_type="people.Person",
            subject_id=cast.chen,
            purpose="family",
            field_classes=classes,
            source=f"test/{classes[0]}",
            at=now,
        )
        assert ("It rings at the desk since" in first_page(cast, "wei")) is said
    alarm = Alarm.objects.get()
    monitoring.acknowledge_alarm(
        actor=access.actor_for(cast.users["sun"], now), alarm_id=alarm.pk, at=now
    )
    assert "looks after it" in first_page(cast, "wei")


def test_a_worker_who_is_more_sees_her_people_and_no_measurement(cast: Cast) -> None:
    measured(cast, timedelta(minutes=12))
    access.give_role(
        actor=SYSTEM, user=cast.users["liu"], role="device_keeper", region_prefix="", at=from_us(0)
    )
    text = first_page(cast, "liu")
    assert 'href="/work/"' in text
    assert "陈秀兰" in text
    assert "Measurements are not open to you." in text
    assert "134/78" not in text
    assert not AuditEntry.objects.filter(action="telemetry.view_readings").exists()


def test_an_elder_has_her_own_large_page(cast: Cast) -> None:
    measured(cast, timedelta(minutes=12))
    text = first_page(cast, "chen")
    assert 'data-mode="elder"' in text
    assert "134/78 mmHg" in text
    assert 'href="tel:13900000002"' in text
    # What it leads to is large as well: no page of the staff.
    assert f'href="{reverse("notices:list")}"' in text
    assert f'href="{reverse("security:own_requests")}"' in text
    assert "/people/" not in text


@pytest.mark.parametrize(
    ("who", "word"),
    [("qian", "/statistics/"), ("keeper", "/devices/"), ("keeper", "/letters/")],
)
def test_staff_without_people_have_links(cast: Cast, who: str, word: str) -> None:
    text = first_page(cast, who)
    assert word in text
    assert "陈秀兰" not in text
    assert ("/people/" in text) is (who == "qian")  # the list, masked, in the menu


def test_who_may_see_nothing_is_told_whom_to_ask(cast: Cast) -> None:
    measured(cast, timedelta(minutes=12))
    text = first_page(cast, "wu")
    assert "Nothing is open to you yet" in text
    assert "who manages accounts" in text
    assert "陈" not in text


def test_query_count_of_the_first_page(cast: Cast) -> None:
    measured(cast, timedelta(minutes=12))
    client = client_of(cast, "wei")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/")
    assert len(queries) == 6, "\n".join(q["sql"][:120] for q in queries)


def ticket(cast: Cast, name: str, watch: str = "") -> list[str]:
    response = client_of(cast, name).get("/live/ticket/", {"watch": watch})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    found = tickets.verify(response.json()["ticket"], settings.SECRET_KEY, time.time())
    assert found.user == cast.users[name].pk
    assert time.time() < found.exp <= time.time() + 61
    return found.topics


def test_tickets_carry_what_each_may_hear(cast: Cast) -> None:
    sun = cast.users["sun"].pk
    assert ticket(cast, "sun") == sorted(
        ["region:990121001", f"org:{cast.organization}", f"user:{sun}"]
    )
    assert ticket(cast, "wei") == sorted([f"person:{cast.chen}", f"user:{cast.users['wei'].pk}"])
    assert ticket(cast, "qian") == [f"user:{cast.users['qian'].pk}"]
    assert ticket(cast, "keeper") == [f"user:{cast.users['keeper'].pk}"]


@pytest.mark.parametrize(
    ("name", "opens"), [("sun", True), ("wei", True), ("qian", False), ("keeper", False)]
)
def test_only_an_open_person_can_be_watched(cast: Cast, name: str, opens: bool) -> None:
    assert (f"watch:{cast.chen}" in ticket(cast, name, str(cast.chen))) is opens
    assert not [one for one in ticket(cast, name, "no-id") if one.startswith("watch:")]


def test_no_ticket_for_who_may_see_nothing(cast: Cast) -> None:
    assert client_of(cast, "wu").get("/live/ticket/").status_code == 403
    json = {"Accept": "application/json"}
    assert Client().get("/live/ticket/", headers=json).status_code == 401


def test_a_role_that_ended_hears_nothing_more(cast: Cast) -> None:
    from songhe.base.access.models import RoleAssignment

    RoleAssignment.objects.filter(user=cast.users["sun"]).delete()
    assert client_of(cast, "sun").get("/live/ticket/").status_code == 403
