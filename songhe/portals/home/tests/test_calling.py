"""Grandma Chen calls for help from her page: one press, taken back or not, and what she is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from songhe.domains.dispatch import services as dispatch
from songhe.domains.monitoring import services as monitoring
from songhe.portals.family.tests.conftest import Centre, Go, centre, go, house

pytestmark = pytest.mark.django_db
Finding, Alarm = (apps.get_model("monitoring", name) for name in ("Finding", "Alarm"))
__all__ = ["centre", "go", "house"]
S = timedelta(seconds=1)


def press(browser: Client, do: str = "press") -> Any:
    return browser.post("/sos/", {"do": do}, follow=True).content.decode()


@pytest.mark.parametrize("url", ["/", "/services/", "/services/order/", "/sos/", "/notices/"])
def test_the_button_stands_at_the_foot_of_each_of_her_pages(go: Go, url: str) -> None:
    page = go("chen").get(url).content.decode()
    assert page.count('data-kind="sos"') == 1
    assert page.index('data-kind="sos"') > page.index("</main>")
    assert 'data-kind="sos"' not in go("wei").get(url).content.decode()


def test_pressed_and_taken_back_nobody_is_rung(go: Go) -> None:
    chen = go("chen")
    assert "We are about to ring" in press(chen)
    assert "You took it back" in press(chen, "back")
    monitoring.take_findings(at=timezone.now() + 60 * S)
    assert not Alarm.objects.exists()


def test_pressed_it_rings_and_she_is_told_who_saw_it_and_who_comes(house: Centre, go: Go) -> None:
    chen = go("chen")
    press(chen)
    press(chen, "now")
    monitoring.take_findings(at=timezone.now())
    alarm = Alarm.objects.get()
    assert (alarm.rule, alarm.person_id) == ("sos", house.chen.pk)
    assert "The service centre is being rung" in chen.get("/sos/").content.decode()
    sun = house.actor("sun", timezone.now())
    monitoring.acknowledge_alarm(actor=sun, alarm_id=alarm.pk, at=timezone.now())
    assert "sun has seen it" in chen.get("/sos/").content.decode()
    offer = dispatch.send_to_alarm(
        actor=sun, alarm_id=alarm.pk, worker_id=house.users["liu"].pk, at=timezone.now()
    )
    dispatch.answer_offer(
        actor=house.actor("liu", timezone.now()), offer_id=offer.pk, takes=True, at=timezone.now()
    )
    page = chen.get("/sos/").content.decode()
    assert "liu goes at once" in page
    assert "/services/order" not in page


def test_too_late_to_take_back_is_said(go: Go) -> None:
    chen = go("chen")
    press(chen)
    press(chen, "now")
    assert "It has rung already" in press(chen, "back")


@pytest.mark.parametrize("login", ["wei", "sun", "liu"])
def test_nobody_else_presses_it(go: Go, login: str) -> None:
    assert go(login).post("/sos/", {"do": "press"}).status_code in (403, 404)
    assert not Finding.objects.exists()
