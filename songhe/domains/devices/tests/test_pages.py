"""Pages of devices over HTTP: list, page, steps, binding, commands, settings and secrets."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services
from songhe.domains.devices.models import (
    Binding,
    Device,
    DeviceCommand,
    DeviceSecret,
    DeviceSeen,
    GatewayDevice,
)
from songhe.domains.telemetry.tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db
QUERIES = {"list": 10, "device": 11, "types": 4}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.users[name])
    client.cookies["songhe_language"] = "en"
    return client


def get(cast: Cast, name: str, path: str, status: int = 200) -> str:
    response = client_of(cast, name).get(path)
    assert response.status_code == status, response.content.decode()[:400]
    return response.content.decode()


def post(cast: Cast, name: str, path: str, data: dict[str, Any], status: int = 302) -> str:
    response = client_of(cast, name).post(path, data)
    assert response.status_code == status, response.content.decode()[:600]
    return response.content.decode()


def of(cast: Cast, name: str, tail: str = "") -> str:
    return f"/devices/{cast.devices[name]}/{tail}"


def counts() -> tuple[int, ...]:
    """Return what a refusal must leave alone."""
    rows = [model.objects.count() for model in (Device, Binding, DeviceCommand, DeviceSecret)]
    states = sorted(Device.objects.values_list("state", flat=True))
    versions = GatewayDevice.objects.order_by("key").values_list("version", flat=True)
    return (*rows, hash(tuple(states)), hash(tuple(versions)))


def test_the_list_narrows(cast: Cast) -> None:
    now = timezone.now()
    Device.objects.filter(key__in=["keypir", "keydoor", "keybp"]).update(state="in_use")
    DeviceSeen.objects.create(device=cast.devices["pir"], received_at=now - timedelta(hours=5))
    DeviceSeen.objects.create(device=cast.devices["bp"], received_at=now - timedelta(hours=5))
    whole = get(cast, "keeper", "/devices/")
    assert all(f">{key}<" in whole for key in ("keybp", "keypir", "keydoor", "keytracker"))
    assert "陈＊＊" in whole  # the keeper's role opens no names
    assert "陈秀兰" not in whole
    silent = get(cast, "keeper", "/devices/?silent=on")
    assert "keypir" in silent  # five hours are too long for a motion sensor
    assert "keydoor" in silent  # never heard at all
    assert ">keybp<" not in silent  # a blood pressure monitor may rest for three days
    assert ">keytracker<" not in silent  # not installed yet
    one = get(cast, "keeper", "/devices/?type=pir&words=keyp&state=in_use")
    assert "keypir" in one
    assert ">keydoor<" not in one
    assert "No device found" in get(cast, "keeper", "/devices/?words=zzz&type=nonsense")


@pytest.mark.parametrize("who", ["wu", "qian", "wei", "liu", "zhao"])
def test_roles_without_devices_are_refused(cast: Cast, who: str) -> None:
    before = counts()
    for path in (
        "/devices/",
        "/devices/types/",
        "/devices/register/",
        of(cast, "bp"),
        of(cast, "bp", "bind/"),
    ):
        get(cast, who, path, status=403)
    for tail in ("commission/", "command/", "secret/", "revoke/", "unbind/", "bind/", "settings/"):
        post(cast, who, of(cast, "bp", tail), {"name": "vibrate", "step": "install"}, status=403)
    assert counts() == before


def test_another_town_is_as_if_absent(cast: Cast) -> None:
    before = counts()
    get(cast, "far", of(cast, "bp"), status=404)
    post(cast, "far", of(cast, "tracker", "command/"), {"name": "locate"}, status=404)
    assert counts() == before


def test_an_operator_may_look_and_command_but_not_change(cast: Cast) -> None:
    text = get(cast, "sun", of(cast, "band"))
    assert "陈秀兰" in text
    assert of(cast, "band", "bind/") not in text
    assert of(cast, "band", "secret/") not in text
    before = counts()
    for tail in ("commission/", "secret/", "revoke/", "unbind/"):
        post(cast, "sun", of(cast, "band", tail), {"step": "install", "note": "x"}, status=403)
    assert counts() == before


def test_commissioning_is_proven_step_by_step(cast: Cast) -> None:
    url = of(cast, "bp", "commission/")
    text = post(cast, "keeper", url, {"step": "install", "note": " "}, status=422)
    assert "Fill this in." in text
    assert Device.objects.get(key="keybp").state == "delivered"
    post(cast, "keeper", url, {"step": "start_use"}, status=409)
    post(cast, "keeper", url, {"step": "fly"}, status=422)
    for step, note in (("install", "hung over the bed"), ("activate", "")):
        post(cast, "keeper", url, {"step": step, "note": note})
    test = {"step": "pass_test", "note": "rang, Sun answered"}
    text = post(cast, "keeper", url, test, status=409)
    assert "Nothing of this device has arrived" in text
    DeviceSeen.objects.create(device=cast.devices["bp"], received_at=timezone.now())
    post(cast, "keeper", url, test, status=409)  # it was connected, and has measured nothing
    DeviceSeen.objects.update(last_at=timezone.now())
    post(cast, "keeper", url, test)
    post(cast, "keeper", url, {"step": "start_use"})
    assert Device.objects.get(key="keybp").state == "in_use"
    page = get(cast, "keeper", of(cast, "bp"))
    assert "rang, Sun answered" in page
    assert "设备员" in page


def test_a_device_that_serves_nobody_cannot_be_activated(cast: Cast) -> None:
    post(cast, "keeper", of(cast, "bp", "commission/"), {"step": "install", "note": "there"})
    post(cast, "keeper", of(cast, "bp", "unbind/"), {})
    text = post(cast, "keeper", of(cast, "bp", "commission/"), {"step": "activate"}, status=409)
    assert "serves nobody yet" in text
    assert Device.objects.get(key="keybp").state == "installed"


def test_binding_chooses_person_then_place(cast: Cast) -> None:
    url = of(cast, "pir", "bind/")
    found = get(cast, "keeper", f"{url}?words=chenxiu")
    assert f"?person={cast.chen}" in found
    assert "陈秀兰" not in found
    assert str(cast.other) not in get(cast, "keeper", f"{url}?words=li")
    places = get(cast, "keeper", f"{url}?person={cast.chen}")
    kitchen = str(cast.rooms["kitchen"])
    assert kitchen in places
    get(cast, "keeper", f"{url}?person={cast.other}", status=404)
    before = counts()
    post(cast, "keeper", url, {"person": cast.chen, "place": str(UUID(int=7))}, status=422)
    post(cast, "keeper", url, {"person": cast.other, "place": "person"}, status=404)
    post(cast, "keeper", url, {"person": "nonsense", "place": "person"}, status=404)
    assert counts() == before
    post(cast, "keeper", url, {"person": cast.chen, "place": kitchen})
    now = Binding.objects.get(device=cast.devices["pir"], period__contains=timezone.now())
    assert (now.room_id, now.person_id) == (cast.rooms["kitchen"], None)
    post(cast, "keeper", url, {"person": cast.chen, "place": "person"})
    now = Binding.objects.get(device=cast.devices["pir"], period__contains=timezone.now())
    assert (now.room_id, now.person_id) == (None, cast.chen)
    page = get(cast, "keeper", of(cast, "pir"))
    assert page.count("until ") == 2


def test_commands_go_down_with_their_arguments(cast: Cast) -> None:
    url = of(cast, "band", "command/")
    assert 'name="seconds"' in get(cast, "sun", f"{url}?name=vibrate")
    text = post(cast, "sun", url, {"name": "vibrate", "seconds": "no"}, status=422)
    assert "id_seconds" in text
    post(cast, "sun", url, {"name": "explode"}, status=422)
    assert DeviceCommand.objects.count() == 0
    post(cast, "sun", url, {"name": "vibrate", "seconds": "5"})
    row = DeviceCommand.objects.get()
    assert (row.name, row.args, row.state) == ("vibrate", {"seconds": 5}, "queued")
    assert "waiting for the device" in get(cast, "sun", of(cast, "band"))
    assert "cannot be told anything" in get(cast, "sun", of(cast, "bp", "command/"))


def test_settings_are_wished_within_their_range(cast: Cast) -> None:
    url = of(cast, "band", "settings/")
    text = post(cast, "sun", url, {"report_interval_s": "5"}, status=422)
    assert "id_report_interval_s" in text
    assert Device.objects.get(key="keyband").desired == {}
    post(cast, "sun", url, {"report_interval_s": "600"})
    assert Device.objects.get(key="keyband").desired == {"report_interval_s": 600}
    DeviceSeen.objects.create(device=cast.devices["band"], reported={"report_interval_s": 300})
    page = get(cast, "sun", of(cast, "band"))
    assert "differs" in page


def test_registering_shows_the_secret_once(cast: Cast) -> None:
    form = {"type": "oximeter", "organization_id": str(cast.organization), "serial": "S-1"}
    post(cast, "keeper", "/devices/register/", form | {"type": "toaster"}, status=422)
    post(cast, "keeper", "/devices/register/", form | {"organization_id": str(cast.chen)}, 422)
    assert Device.objects.filter(type="oximeter").count() == 0
    response = client_of(cast, "keeper").post("/devices/register/", form)
    text = response.content.decode()
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    device = Device.objects.get(type="oximeter")
    found = re.findall(r"<code>([a-z2-7]{32})</code>", text)
    assert len(found) == 1
    assert device.key in text
    assert found[0] not in get(cast, "keeper", f"/devices/{device.pk}/")


def test_secrets_are_rotated_and_revoked(cast: Cast) -> None:
    before = DeviceSecret.objects.filter(device=cast.devices["bp"]).count()
    text = post(cast, "keeper", of(cast, "bp", "secret/"), {}, status=200)
    assert re.search(r"<code>[a-z2-7]{32}</code>", text)
    assert DeviceSecret.objects.filter(device=cast.devices["bp"]).count() == before + 1
    post(cast, "keeper", of(cast, "bp", "revoke/"), {})
    now = timezone.now()
    valid = DeviceSecret.objects.filter(device=cast.devices["bp"]).exclude(expires_at__lte=now)
    assert not valid.exists()
    assert client_of(cast, "keeper").get(of(cast, "bp", "secret/")).status_code == 405


def test_silence_is_said_on_the_page(cast: Cast) -> None:
    Device.objects.filter(key="keypir").update(state="in_use")
    assert "Silent for longer than it may be." in get(cast, "keeper", of(cast, "pir"))
    DeviceSeen.objects.create(
        device=cast.devices["pir"], received_at=timezone.now(), battery_pct=41, clock_offset_s=130
    )
    text = get(cast, "keeper", of(cast, "pir"))
    assert "Silent for longer than it may be." not in text
    assert "off by 130 s, corrected" in text
    assert "<dd>41 <small>%" in text


def test_types_tell_what_they_measure(cast: Cast) -> None:
    text = get(cast, "keeper", "/devices/types/")
    for word in (
        "Blood pressure monitor",
        "8480-6",
        "Systolic pressure",
        "when used",
        "songhe/1/KEY/readings",
    ):
        assert word in text, word


@pytest.mark.parametrize(
    ("name", "path"),
    [("list", "/devices/"), ("device", "/devices/{band}/"), ("types", "/devices/types/")],
)
def test_query_counts(cast: Cast, name: str, path: str) -> None:
    client = client_of(cast, "keeper")
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path.format(band=cast.devices["band"])).status_code == 200
    told = "\n".join(query["sql"][:110] for query in queries)
    assert len(queries) == QUERIES[name], f"{len(queries)} queries\n{told}"


def test_a_hub_carries_a_device_under_its_own_name_and_releases_it(cast: Cast) -> None:
    hub, _ = services.register_device(
        actor=SYSTEM,
        type="zigbee-hub",
        organization_id=Device.objects.get(key="keypir").organization_id,
        at=timezone.now(),
        key="keyhub",
    )
    path = f"/devices/{hub.pk}/carry/"
    who = "keeper"
    assert "0x" in get(cast, who, path)
    before = counts()
    for data, words in (
        ({"key": "nobody", "names": "a"}, "There is no such device"),
        ({"key": "keypir", "names": ""}, "Fill this in"),
        ({"key": "keyhub", "names": "a"}, "cannot be carried"),
        ({"key": "keypir", "names": "x" * 121}, "at most 120"),
    ):
        assert words in post(cast, who, path, data, status=422)
    assert counts() == before
    post(cast, who, path, {"key": "keypir", "names": "hall/motion\n\n 0x00158d00 \nhall/motion"})
    page = get(cast, who, f"/devices/{hub.pk}/")
    assert "hall/motion" in page
    assert "keyhub" in get(cast, who, of(cast, "pir"))
    body = GatewayDevice.objects.get(device=hub.pk).body
    assert body["format"] == "zigbee2mqtt"
    assert body["children"] == ["keypir"]
    assert body["names"] == {"hall/motion": "keypir", "0x00158d00": "keypir"}
    taken = post(cast, who, path, {"key": "keydoor", "names": "hall/motion"}, status=409)
    assert "hall/motion for another device" in taken
    get(cast, "wu", path, status=403)
    post(cast, who, of(cast, "pir", "release/"), {})
    body = GatewayDevice.objects.get(device=hub.pk).body
    assert (body["children"], body["names"]) == ([], {})
    assert "speaks only for itself" in get(cast, who, of(cast, "pir", "carry/"))
    data = {"key": "keydoor", "names": "x"}
    assert "only for itself" in post(cast, who, of(cast, "pir", "carry/"), data, status=409)


def test_a_hub_that_knows_no_keys_needs_names_and_a_name_means_one_device(cast: Cast) -> None:
    at = timezone.now()
    organization = Device.objects.get(key="keypir").organization_id
    hub, _ = services.register_device(
        actor=SYSTEM, type="zigbee-hub", organization_id=organization, at=at
    )
    other, _ = services.register_device(
        actor=SYSTEM, type="home-gateway", organization_id=organization, at=at
    )
    pir, door = cast.devices["pir"], cast.devices["door"]
    with pytest.raises(services.NameNeeded):
        services.carry_device(actor=SYSTEM, gateway_id=hub.pk, device_id=pir, at=at)
    services.carry_device(actor=SYSTEM, gateway_id=hub.pk, device_id=pir, names=["a"], at=at)
    with pytest.raises(services.NameTaken):
        services.carry_device(actor=SYSTEM, gateway_id=hub.pk, device_id=door, names=["a"], at=at)
    with pytest.raises(services.CannotCarry):
        services.carry_device(actor=SYSTEM, gateway_id=door, device_id=pir, at=at)
    # Another hub takes it over: the first forgets it, and both are told.
    services.carry_device(actor=SYSTEM, gateway_id=other.pk, device_id=pir, at=at)
    bodies = dict(GatewayDevice.objects.values_list("device", "body"))
    assert (bodies[hub.pk]["children"], bodies[hub.pk]["names"]) == ([], {})
    assert bodies[other.pk]["children"] == ["keypir"]
    services.release_device(actor=SYSTEM, device_id=pir, at=at)
    with pytest.raises(services.NotCarried):
        services.release_device(actor=SYSTEM, device_id=pir, at=at)


def test_an_installer_writes_down_how_an_array_hangs(cast: Cast) -> None:
    made, _secret = services.register_device(
        actor=SYSTEM,
        type="infrared-array",
        organization_id=cast.organization,
        at=timezone.now(),
    )
    page = get(cast, "keeper", f"/devices/{made.pk}/")
    assert "Nobody has written down how it hangs." in page
    assert page.count("assumed") == 3
    url = f"/devices/{made.pk}/mounting/"
    given = {"mount": "wall", "height_m": "2.2", "view_deg": "90"}
    refused = post(cast, "keeper", url, given | {"height_m": "22"}, status=422)
    assert "id_height_m" in refused
    assert Device.objects.get(pk=made.pk).mounting == {}
    post(cast, "keeper", url, given)
    assert Device.objects.get(pk=made.pk).mounting == {
        "mount": "wall", "height_m": 2.2, "view_deg": 90.0
    }  # fmt: skip
    page = get(cast, "keeper", f"/devices/{made.pk}/")
    assert "on a wall, looking across the room" in page
    assert "assumed" not in page
    # A band hangs nowhere.
    assert "How it hangs" not in get(cast, "keeper", of(cast, "band"))


def test_who_may_not_install_may_not_say_how_it_hangs(cast: Cast) -> None:
    made, _secret = services.register_device(
        actor=SYSTEM, type="radar", organization_id=cast.organization, at=timezone.now()
    )
    post(cast, "wu", f"/devices/{made.pk}/mounting/", {"height_m": "1"}, status=403)
    assert Device.objects.get(pk=made.pk).mounting == {}
