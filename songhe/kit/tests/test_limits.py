"""Limits: how many at once, how soon again, whose; and the page that says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, override_settings

from songhe.kit.limits import Buckets, Limit

DOOR: dict[str, Any] = {
    "name": "doors", "whose": "address", "per_minute": 3, "routes": frozenset({"signin:sign_in"}),
}  # fmt: skip
FAR = {"REMOTE_ADDR": "198.51.100.7"}


def test_a_bucket_gives_what_it_holds_and_fills_again() -> None:
    buckets, limit = Buckets(), Limit("x", "address", per_minute=6)
    assert [buckets.wait_s(limit, "a", 0.0) for _ in range(6)] == [0.0] * 6
    assert buckets.wait_s(limit, "a", 0.0) == pytest.approx(10.0)
    assert buckets.wait_s(limit, "b", 0.0) == 0.0
    assert buckets.wait_s(limit, "a", 9.0) == pytest.approx(1.0)
    assert buckets.wait_s(limit, "a", 10.5) == 0.0
    assert buckets.wait_s(limit, "a", 10.5) > 0


def test_buckets_take_no_more_memory_than_they_may() -> None:
    buckets, limit = Buckets(most=10), Limit("x", "address", per_minute=1)
    for number in range(1_000):
        buckets.wait_s(limit, str(number), 0.0)
    assert len(buckets) == 10
    assert buckets.wait_s(limit, "999", 0.0) > 0, "the newest are kept"


@pytest.mark.django_db
@override_settings(RATE_LIMITS=(DOOR,))
def test_who_asks_too_often_reads_when_to_come_again() -> None:
    client = Client()
    assert [client.get("/sign-in/", **FAR).status_code for _ in range(3)] == [200] * 3
    refused = client.get("/sign-in/", **FAR)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 21
    assert refused["Retry-After"] in refused.content.decode()
    assert "kit.too_many" in refused.content.decode()
    machine = client.get("/sign-in/", headers={"Accept": "application/json"}, **FAR)
    assert (machine.status_code, machine.json()["code"]) == (429, "kit.too_many")
    # another address, another page, this machine itself, and a header that anybody may write
    assert client.get("/sign-in/", REMOTE_ADDR="198.51.100.8").status_code == 200
    assert client.get("/nowhere/", **FAR).status_code == 404
    assert [client.get("/sign-in/").status_code for _ in range(5)] == [200] * 5
    forged = client.get("/sign-in/", headers={"X-Forwarded-For": "203.0.113.1"}, **FAR)
    assert forged.status_code == 429
