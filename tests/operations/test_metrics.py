"""Every process tells its measures, each is documented, and nobody else may read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from songhe.base.health.figures import FIGURES
from songhe.kernel.detectors.rules import catalogue
from tests.operations.conftest import Installed
from tests.operations.processes import NAMES, Platform
from tests.support.gateway import ROOT, until

HANDBOOKS = ("operations.md", "operations.zh-CN.md")
_CREATED = re.compile(r"_(created|bucket|sum|count|total)$")


def handbook(name: str) -> str:
    return (Path(ROOT) / "docs" / name).read_text(encoding="utf-8")


def base_names(platform: Platform, process: str) -> set[str]:
    return {_CREATED.sub("", name) for name, _, _ in platform.measures(process).samples}


@pytest.mark.parametrize("process", NAMES)
def test_every_measure_of_a_process_is_documented(installed: Installed, process: str) -> None:
    platform = installed.platform
    platform.get("web", "/sign-in/")
    text = handbook("operations.md")
    names = base_names(platform, process)
    assert len(names) > 5
    undocumented = {n for n in names if f"songhe_{process}_process_" not in n and n not in text}
    assert undocumented == set()


def test_every_documented_measure_is_there(installed: Installed) -> None:
    platform = installed.platform
    platform.get("web", "/sign-in/")
    until(lambda: platform.figures().get("jobs_waiting") is not None, "a whole sample")
    told = set.union(*(base_names(platform, process) for process in NAMES))
    written = {
        _CREATED.sub("", name)
        for name in re.findall(r"`(songhe_[a-z_0-9]+)`", handbook("operations.md"))
    }
    # Without a certificate, a day of growth, or a supervisor there is nothing to measure; labelled
    # counters begin with their first event.
    absent = {
        "songhe_certificate_days_left",
        "songhe_disk_days_left",
        "songhe_process_restarts",
    }
    assert written - told - absent <= {"songhe_gateway_dead_letters",
                                       "songhe_gateway_refused_connections",
                                       "songhe_gateway_faults"}  # fmt: skip
    assert {figure.metric for figure in FIGURES.values() if figure.metric} <= written


@pytest.mark.parametrize("name", HANDBOOKS)
def test_every_alarm_of_the_platform_is_in_the_handbook(name: str) -> None:
    text = handbook(name)
    assert [rule for rule in catalogue().platform if f"`{rule}`" not in text] == []


@pytest.mark.parametrize("process", NAMES)
def test_measures_are_not_for_the_world(installed: Installed, process: str) -> None:
    platform = installed.platform
    assert platform.get(process, X_Forwarded_For="203.0.113.9")[0] == 401
    assert platform.get(process, Host="care.example.org")[0] == 401
    assert platform.get(process, Authorization="Bearer wrong")[0] == 401


def test_with_the_token_a_distant_reader_may(installed: Installed) -> None:
    from songhe.kernel.exposition import token_of

    platform = installed.platform
    token = token_of("", platform.environment["SONGHE_SECRET_KEY"])
    for process in NAMES:
        status, body = platform.get(
            process, X_Forwarded_For="203.0.113.9", Authorization=f"Bearer {token}"
        )
        assert (status, b"songhe_" in body) == (200, True)


def test_the_workers_of_the_pages_are_one_sum(installed: Installed) -> None:
    platform = installed.platform

    def asked() -> float:
        measures = platform.measures("web")
        return measures.total("songhe_web_requests_total", route="signin:sign_in") or 0.0

    before = asked()
    for _ in range(24):  # two workers: some of them meet each
        platform.get("web", "/sign-in/")
    assert asked() - before == 24
    assert platform.measures("web").total("songhe_web_request_seconds_count") is not None
