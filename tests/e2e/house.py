"""The running product as a test sees it: addresses, people, devices, processes, database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
import psycopg

from tests.e2e.small_county import Facts, PersonFacts
from tests.support.forking import Forker
from tests.support.gateway import until

ROOT = Path(__file__).resolve().parents[2]
START_PATIENCE_S = 180.0
CHEN = "陈秀兰"
Credentials = tuple[str, str, str]


def moment(seconds_ago: float = 0.0) -> str:
    """Return an RFC 3339 time."""
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat()


def pressure(systolic: float, diastolic: float, *, seconds_ago: float = 0.0) -> dict[str, Any]:
    """Return a readings message of a blood pressure."""
    rows = [
        {"code": "8480-6", "value": systolic, "unit": "mm[Hg]"},
        {"code": "8462-4", "value": diastolic, "unit": "mm[Hg]"},
    ]
    return {"at": moment(seconds_ago), "readings": rows}


class House:
    """One running house. Addresses are as a person on this machine would type them."""

    def __init__(self, folder: Path, database_url: str, base_port: int) -> None:
        self.state = folder / "state"
        self.facts_file = folder / "facts.json"
        self.log_file = folder / "house.log"
        self.database_url = database_url
        self.port = base_port
        self.address = f"http://localhost:{base_port}"
        self.http_port, self.mqtt_port = base_port + 2, base_port + 3
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: psycopg.Connection[Any] | None = None
        self._forker: Forker | None = None
        self.facts = Facts({}, [])
        self._given: set[str] = set()

    # --- life ------------------------------------------------------------------------------

    def start(self) -> House:
        """Start everything and wait until the supervisor says that it runs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SONGHE_")}
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.e2e.run_house", "--port", str(self.port),
                 "--state", str(self.state), "--facts", str(self.facts_file)],
                cwd=ROOT,
                env=kept | {"SONGHE_DATABASE_URL": self.database_url, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        until(self._runs, "a running house", START_PATIENCE_S)
        self.facts = Facts.read(self.facts_file)
        return self

    def _runs(self) -> bool:
        said = self.log()
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"the house ended:\n{said}")
        return "everything runs" in said

    def log(self) -> str:
        """Return what all processes have written."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Stop the house and whatever it started."""
        self._end_forker()
        if self._connection is not None:
            self._connection.close()
        if self._process is None or self._process.poll() is not None:
            return
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for process in psutil.wait_procs(family, timeout=10)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def child(self, name: str) -> int:
        """Return the process number of a child of the supervisor."""
        record = json.loads((self.state / "instance.json").read_text(encoding="utf-8"))
        return int(record["children"][name][0])

    def kill(self, name: str) -> int:
        """Kill a child outright; the supervisor starts it again. Returns its number."""
        pid = self.child(name)
        psutil.Process(pid).kill()
        return pid

    def wait_back(self, name: str, before: int) -> None:
        """Wait until a killed child was started again."""
        until(lambda: self.child(name) != before, f"{name} started again")

    # --- people and devices ----------------------------------------------------------------

    def person(self, name: str) -> PersonFacts:
        return next(person for person in self.facts.people if person.name == name)

    def people_of(self, region: str) -> list[PersonFacts]:
        return [person for person in self.facts.people if person.community.startswith(region)]

    def somebody(
        self, *types: str, region: str = "", not_among: Collection[str] = ()
    ) -> PersonFacts:
        """Return a person with these devices whom no other test has; Chen is asked for by name."""
        for person in sorted(self.people_of(region), key=lambda p: len(p.devices)):
            free = person.name != CHEN and person.id not in self._given
            if free and set(types) <= set(person.devices) and person.name not in not_among:
                self._given.add(person.id)
                return person
        raise LookupError(f"nobody is left with {types} in {region or 'the county'}")

    def send(self, device: Credentials, kind: str, *messages: dict[str, Any]) -> None:
        """Publish with QoS 1 over a real socket, and wait for each acknowledgement."""
        _, key, secret = device
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"test-{key}")
        client.username_pw_set(key, secret)
        client.connect("127.0.0.1", self.mqtt_port)
        client.loop_start()
        try:
            for message in messages:
                sent = client.publish(f"songhe/1/{key}/{kind}", json.dumps(message), qos=1)
                sent.wait_for_publish(30)
                assert sent.is_published(), f"{kind} of {key} was not acknowledged"
        finally:
            client.disconnect()
            client.loop_stop()

    def environment(self) -> dict[str, str]:
        """Return the environment in which a command of `songhe` speaks to this house."""
        record = json.loads((self.state / "instance.json").read_text("utf-8"))
        return {
            **os.environ,
            **record["environment"],
            "SONGHE_DATABASE_URL": self.database_url,
            "DJANGO_SETTINGS_MODULE": "songhe.config.settings",
            "PYTHONPATH": str(ROOT),
        }

    def run(self, code: str) -> None:
        """Run a piece of Python with Django set up, in a process of its own."""
        environment = self.environment()
        if self._forker is None or self._forker.environment != environment:
            self._end_forker()
            self._forker = Forker(environment)
        self._forker.run(code)

    def _end_forker(self) -> None:
        if self._forker is not None:
            self._forker.close()

    # --- what is stored --------------------------------------------------------------------

    def rows(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the house's database and return its rows."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.database_url, autocommit=True)
        cursor = self._connection.execute(text, values)
        return cursor.fetchall() if cursor.description is not None else []

    def alarms(self, person: PersonFacts, rule: str = "") -> list[tuple[Any, ...]]:
        """Return (id, state, count, outcome) of a person's alarms, newest first."""
        return self.rows(
            "SELECT id::text, state, count, outcome FROM monitoring_alarm"
            " WHERE person_id = %s AND (%s = '' OR rule = %s) ORDER BY raised_at DESC",
            person.id, rule, rule,
        )  # fmt: skip

    def wait_alarm(self, person: PersonFacts, rule: str) -> str:
        """Return the id of a person's newest open alarm of a rule, once it is there."""
        found = until(
            lambda: [row for row in self.alarms(person, rule) if row[1] != "resolved"],
            f"an alarm {rule} of {person.name}",
        )
        return str(found[0][0])
