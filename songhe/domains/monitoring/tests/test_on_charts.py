"""The charts of a person show her own limits, and the value that rings stands out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.monitoring.tests.surfaces import client, monitor, ring, settle, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(county: County) -> County:
    return settle(county)


def page(county: County, login: str = "sun") -> str:
    response = client(county, login).get(f"/people/{county.chen.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def measured(county: County) -> None:
    """Store a pressure of half a minute ago and what `latest` says of it; let it ring."""
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    device = monitor(county).pk
    key = store(county.chen.pk, device, at, {"sbp": 186, "dbp": 112})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO latest VALUES (%s, 1, ARRAY[1,2]::smallint[], ARRAY[%s, %s],"
            " ARRAY[186,112], ARRAY[%s, %s]::uuid[], %s)",
            [county.chen.pk, at, at, device, device, at],
        )
    ring(county, evidence=[key])


def test_a_value_that_rings_stands_out_until_its_alarm_is_closed(county: County) -> None:
    measured(county)
    text = page(county)
    assert 'class="vital" data-state="high"' in text
    assert 'class="alarm-dot"' in text
    services.resolve_alarm(
        actor=county.actor("sun", timezone.now()),
        alarm_id=Alarm.objects.get().pk,
        outcome="true",
        note="",
        at=timezone.now(),
    )
    text = page(county)
    assert 'data-state="high"' not in text
    assert 'class="alarm-dot"' not in text


def test_the_persons_own_limit_is_drawn(county: County) -> None:
    measured(county)
    assert "180 危急线" in page(county)
    services.override_rule(
        actor=county.actor("leader", timezone.now()),
        scope=f"person:{county.chen.pk}",
        rule="bp-critical",
        params={"sbp_ge": 200},
        enabled=True,
        reason="医生要求",
        confirmed=True,
        at=timezone.now(),
    )
    text = page(county)
    assert "200 危急线" in text
    assert "180 危急线" not in text
