"""`songhe device`: secrets that work, sentences that help, and refusals that change nothing."""

from __future__ import annotations

import hashlib
import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import yaml

from songhe.base.access.actor import SYSTEM
from songhe.config import devicecli
from songhe.config.devicecli.whom import BadDevice
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.models import Device, DeviceSecret, GatewayDevice
from songhe.domains.devices.testing import make_device
from songhe.domains.organizations.testing import make_organization
from songhe.domains.people.testing import make_home, make_person
from songhe.engines.workflow.engine import ReasonNeeded
from songhe.gateway import decoders
from songhe.gateway.decoders import formats
from songhe.kernel.wire import DeviceSnapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def home(now):
    organization = make_organization(at=now - timedelta(days=9))
    dwelling, rooms = make_home(at=now - timedelta(days=9))
    make_person(at=now - timedelta(days=9), home=dwelling)
    return organization, rooms


def run(capsys, *argv: str) -> str:
    assert devicecli.main(list(argv)) == 0
    return capsys.readouterr().out


def word(out: str, name: str) -> str:
    return next(line.split()[1] for line in out.splitlines() if line.startswith(name))


def test_a_registered_device_is_let_in_with_the_secret_shown_once(home, capsys, now):
    out = run(capsys, "register", "--type", "bp-monitor", "--person", "陈秀兰", "--in-use")
    key, secret = word(out, "key"), word(out, "secret")
    snapshot = msgspec.convert(GatewayDevice.objects.get(key=key).body, DeviceSnapshot)
    assert snapshot.active
    assert [digest for digest, _ in snapshot.secrets] == [
        hashlib.sha256(secret.encode()).hexdigest()
    ]
    assert secret not in json.dumps(list(DeviceSecret.objects.values_list("sha256", flat=True)))
    (device,) = devices.list_devices(SYSTEM, words=key)
    assert device.state == "in_use"


@pytest.mark.parametrize("kind", ["bp-monitor", "smoke", "tracker", "home-gateway", "cgm", "scale"])
def test_the_line_to_copy_is_a_message_that_the_gateway_understands(home, capsys, kind):
    out = run(capsys, "register", "--type", kind, "--person", "chenxiulan", "--room", "hall")
    line = next(text for text in out.splitlines() if "mosquitto_pub" in text)
    parts = shlex.split(line)
    topic, message = parts[parts.index("-t") + 1], parts[parts.index("-m") + 1]
    key, secret = word(out, "key"), word(out, "secret")
    assert parts[parts.index("-P") + 1] == secret
    assert topic.startswith(f"songhe/1/{key}/")
    (item,) = decoders.decode(topic.rsplit("/", 1)[1], message.encode())
    assert not isinstance(item, decoders.Refused), item


def test_rotating_and_revoking_change_what_is_let_in(home, capsys, now):
    device, _ = make_device(at=now - timedelta(days=1), organization=home[0], steps=1)
    secret = word(run(capsys, "rotate", device.key, "--at-once"), "secret")

    def open_digests() -> list[str]:
        body = GatewayDevice.objects.get(key=device.key).body
        return [digest for digest, end in body["secrets"] if end is None]

    assert open_digests() == [hashlib.sha256(secret.encode()).hexdigest()]
    run(capsys, "revoke", device.key)
    assert open_digests() == []


def test_binding_to_a_room_names_the_rooms_when_there_is_none_such(home, capsys, now):
    device, _ = make_device(at=now - timedelta(days=1), organization=home[0], steps=1)
    with pytest.raises(BadDevice, match=r"卧室 \(bedroom\)"):
        devicecli.main(["bind", device.key, "--person", "陈秀兰", "--room", "天台"])
    assert devices.bindings_of([device.pk], at=now) == {}
    run(capsys, "bind", device.key, "--person", "陈秀兰", "--room", "客厅")
    (bound,) = devices.bindings_of([device.pk], at=datetime.now(UTC)).values()
    assert bound.room_id == home[1]["living"].pk
    run(capsys, "commission", device.key, "activate")
    with pytest.raises(ReasonNeeded):
        devicecli.main(["commission", device.key, "pass_test"])
    assert Device.objects.get(pk=device.pk).state == "activated"


def test_without_somebody_served_nothing_is_registered(home, capsys):
    with pytest.raises(BadDevice, match="--person or --room"):
        devicecli.main(["register", "--type", "smoke"])
    assert not Device.objects.exists()


def test_the_list_tells_state_and_whom_it_serves(home, capsys, now):
    device, _ = make_device(
        at=now - timedelta(days=1),
        organization=home[0],
        type="smoke",
        room_id=home[1]["kitchen"].pk,
    )
    out = run(capsys, "list", "--type", "smoke")
    assert device.key in out
    assert "厨房" in out
    assert "never" in out
    assert "1 devices" in out


def test_trying_a_file_says_what_it_becomes_and_what_is_wrong(tmp_path, capsys, now):
    path = tmp_path / "message.json"
    values = [
        {"code": "8480-6", "value": 17, "unit": "kPa"},
        {"code": "8867-4", "value": 900},
        {"code": "nonsense", "value": 1},
    ]
    path.write_text(json.dumps({"at": now.isoformat(), "readings": values}))
    assert devicecli.main(["try", str(path), "--type", "bp-monitor"]) == 1
    out = capsys.readouterr().out
    assert "127.51 mm[Hg]" in out
    assert out.count("refused") == 2
    assert "  未收下：数值不可能（implausible）" in out
    assert "  未收下：未知代码（unknown-code）" in out
    path.write_text(json.dumps({"at": now.isoformat(), "readings": values[:1]}))
    assert "127.51 mm[Hg]" in run(capsys, "try", str(path), "--type", "bp-monitor")
    path.write_text("not json")
    assert devicecli.main(["try", str(path)]) == 1
    assert "not-json" in capsys.readouterr().out
    with pytest.raises(BadDevice, match="cannot be read"):
        devicecli.main(["try", str(tmp_path / "missing.json")])


def test_trying_what_a_hub_says_and_what_a_meter_sends(tmp_path, capsys):
    path = tmp_path / "message"
    path.write_text('{"contact":false,"battery":97}')
    said = ["--format", "zigbee2mqtt", "--topic", "zigbee2mqtt/hall/door"]
    out = run(capsys, "try", str(path), *said, "--type", "door-magnet")
    assert out == "at receipt: songhe:door Door open 1\nat receipt: device battery_pct 97\n"
    path.write_text("10485503\n")
    assert "8867-4 Heart rate 72 /min" in run(capsys, "try", str(path), "--kind", "gatt/2A37")
    path.write_text("70.7")
    topic = "homeassistant/sensor/x_temperature"
    said = ["--format", "homeassistant", "--topic", f"{topic}/state", "--type", "climate"]
    assert devicecli.main(["try", str(path), *said]) == 1
    assert "bad-unit" in capsys.readouterr().out
    before = f'{topic}/unit_of_measurement="°F"'
    assert "21.5 Cel" in run(capsys, "try", str(path), *said, "--before", before)
    with pytest.raises(BadDevice, match=r"There is no format nonsense: .*zigbee2mqtt"):
        devicecli.main(["try", str(path), "--format", "nonsense", "--topic", "x"])
    with pytest.raises(BadDevice, match="does not know the topic"):
        devicecli.main(["try", str(path), "--format", "zigbee2mqtt", "--topic", "x"])
    with pytest.raises(BadDevice, match="needs --topic"):
        devicecli.main(["try", str(path), "--format", "zigbee2mqtt"])
    table = tmp_path / "mine.yaml"
    table.write_text("format: mine\ntopics: [{topic: 'a/{name}', reader: 1}]")
    with pytest.raises(BadDevice, match=r"topics\[0\]\.reader"):
        devicecli.main(["try", str(path), "--format", str(table), "--topic", "a/b"])


SAMPLES = Path(formats.__file__).parent / "samples"


def tried(tmp_path, capsys, payload: str | bytes, *said: str) -> tuple[int, str]:
    path = tmp_path / "sample"
    path.write_bytes(payload if isinstance(payload, bytes) else payload.encode())
    found = devicecli.main(["try", str(path), *said])
    return found, capsys.readouterr().out


def acted(name: str) -> tuple[str, list[str]]:
    """Return a format's first sample and the options that say what it is."""
    sample = yaml.safe_load((SAMPLES / f"{name}.yaml").read_text("utf-8"))[0]
    if name == "gatt":
        return sample["hex"], ["--kind", f"gatt/{sample['part']}"]
    if name == "openmhealth":
        space, _, versioned = sample["schema"].partition("/")
        title, _, version = versioned.rpartition("-")
        header = {"id": "1", "creation_date_time": "2026-11-21T02:30:00Z",
                  "schema_id": {"namespace": space, "name": title, "version": version}}  # fmt: skip
        return json.dumps({"header": header, "body": sample["body"]}), ["--kind", "openmhealth"]
    said = ["--format", name, "--topic", sample["topic"], "--type", sample.get("type", "pir")]
    place = sample["topic"].rpartition("/")[0]
    for fact, text in sample.get("facts", {}).items():
        said += ["--before", f"{place}/{fact}={text}"]
    return sample["payload"], said


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.yaml")))
def test_every_format_is_tried_with_a_sample_and_with_a_broken_one(name, tmp_path, capsys):
    payload, said = acted(name)
    state, out = tried(tmp_path, capsys, payload, *said)
    assert state == 0, out
    assert ": " in out
    broken = payload[:-4] if name == "gatt" else payload[: len(payload) // 2] + "{"
    state, out = tried(tmp_path, capsys, broken, *said)
    assert state == 1, out
    english, chinese = out.splitlines()[:2]
    assert english.startswith("refused: ")
    assert chinese.startswith("  未收下：")


def test_what_cannot_be_tried_is_said_in_both_languages(tmp_path, capsys):
    torn = tmp_path / "torn.yaml"
    torn.write_text("a: [1")
    topic = "homeassistant/sensor/a/state"
    absent = str(tmp_path / "no.yaml")
    for payload, said, english, chinese in (
        ("{}", ["--format", absent, "--topic", "a"], "cannot be read", "无法读取"),
        ("{}", ["--format", str(torn), "--topic", "a"], "is no YAML: .* in line 1", "第 1 行"),
        ("{}", ["--format", "zigbee2mqtt"], "needs --topic", "还要给出 --topic"),
        ("{}", ["--format", "nonsense", "--topic", "a"], "There is no format", "没有格式"),
        ("{}", ["--format", "homeassistant", "--topic", topic, "--before", "a"],
         "is not TOPIC=PAYLOAD", "应写作"),
        ("not hex", ["--kind", "gatt/2A37"], "This is no hex", "不是十六进制"),
    ):  # fmt: skip
        with pytest.raises(BadDevice, match=rf"(?s){english}.*{chinese}"):
            tried(tmp_path, capsys, payload, *said)
