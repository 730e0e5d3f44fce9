"""Any body to the gateway's HTTP side: stored, refused in words, or a letter; never a fault."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.gateway import decoders
from songhe.gateway.decoders.messages import REASONS
from tests.fuzz import targets
from tests.fuzz.test_messages import json_values
from tests.support.gateway import DeviceLogin, GatewayProcess

QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# Bodies that are right, of the kinds that a plain device may send.
RIGHT = [seed[2:] for seed in targets.seeds()["message"]]
bodies = (
    st.binary(max_size=300)
    | json_values.map(lambda value: json.dumps(value).encode())
    | st.sampled_from(RIGHT)
    | st.tuples(st.sampled_from(RIGHT), st.binary(max_size=3)).map(b"".join)
)


class Caller:
    """A device on one connection that is kept, and made anew when it was closed."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.device: DeviceLogin = gateway.device()
        self._connection = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=30)
        login = base64.b64encode(f"{self.device.key}:{self.device.secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}"}

    def post(self, kind: str, body: bytes) -> tuple[int, dict[str, object]]:
        path = f"/v1/{self.device.key}/{kind}"
        self._connection.request("POST", path, body=body, headers=self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.fixture(scope="module")
def caller(gateway: GatewayProcess) -> Iterator[Caller]:
    return_to = Caller(gateway)
    yield return_to
    return_to._connection.close()


@QUICK
@given(st.sampled_from(sorted(decoders.DECODERS)), bodies)
def test_any_body(gateway: GatewayProcess, caller: Caller, kind: str, body: bytes) -> None:
    status, said = caller.post(kind, body)
    assert status == 200
    rejected = said["rejected"]
    assert isinstance(rejected, list)
    assert all(row["reason"] in REASONS for row in rejected)
    assert isinstance(said["accepted"], int)
    assert said["accepted"] >= 0
    assert said["accepted"] + len(rejected) >= 1


def test_no_body_was_a_fault_of_ours(gateway: GatewayProcess, caller: Caller) -> None:
    """Runs after the bodies above: none of them failed in the database or in a rule."""
    status, _ = caller.post("readings", b"{}")
    assert status == 200
    for where in ("store", "bury", "judge", "http"):
        assert gateway.measure(f'songhe_gateway_faults_total{{where="{where}"}}') == 0, (
            gateway.log()[-3000:]
        )
