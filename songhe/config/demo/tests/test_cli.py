"""`songhe demo`: the order of its processes, and a --fresh that removes nothing it may not."""

from __future__ import annotations

import pytest

from songhe.config.demo import cli
from songhe.config.env import Env
from songhe.config.supervisor_up import House


def test_the_county_is_made_before_gateway_and_jobs_and_simulated_after(tmp_path):
    house = House(Env(state=tmp_path, port=21_000, database_url="", mode="demo"))
    processes = {process.name: process for process in cli.plan(house)}
    names = list(processes)
    assert processes["county"].once
    assert names.index("migrate") < names.index("county") < names.index("gateway")
    for name in cli.AFTER_COUNTY:
        assert "county" in processes[name].after
    assert "county" not in processes["web"].after
    assert processes["simulate"].after == ["gateway"]
    assert set(names) == {process.name for process in house.processes()} | {"county", "simulate"}


def test_fresh_does_not_touch_a_database_that_is_not_ours(monkeypatch, tmp_path):
    monkeypatch.setenv("SONGHE_STATE", str(tmp_path))
    monkeypatch.setenv("SONGHE_MODE", "test")  # the command sets it; put back after the test
    monkeypatch.setenv("SONGHE_DATABASE_URL", "postgresql://somebody@elsewhere/theirs")
    with pytest.raises(cli.NotOurs):
        cli.main(["--fresh"])
    assert list(tmp_path.iterdir()) == []
