"""Several sources, one alarm, one story: what joins, how sure it is, what a second look adds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import services as devices
from songhe.domains.devices.models import Device, DeviceCommand, DeviceSeen
from songhe.domains.monitoring import fusion, phrases, reasons, selectors, services
from songhe.domains.monitoring.models import Alarm, AlarmEntry
from songhe.domains.monitoring.terms import EntryKind
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import NOW, County, make_home
from songhe.domains.telemetry.testing import make_reading
from songhe.kernel.time import to_us
from songhe.kernel.wire import SubjectKind

SECOND = timedelta(seconds=1)


def told(county: County, rule: str, at=NOW, **more) -> Alarm:
    make_finding(rule=rule, subject=more.pop("subject", county.chen.pk), at=at, **more)
    services.take_findings(at=at)
    return Alarm.objects.latest("raised_at")


def sensor(county: County, kind: str, at=NOW) -> Device:
    device, _secret = devices.register_device(
        actor=SYSTEM, type=kind, organization_id=county.centre.pk, at=at - timedelta(days=1)
    )
    devices.bind_device(
        actor=SYSTEM, device_id=device.pk, room_id=county.bedroom.pk, at=at - timedelta(days=1)
    )
    DeviceSeen.objects.update_or_create(
        device=device.pk, defaults={"last_at": at, "received_at": at, "online": True}
    )
    return device


def test_a_fall_and_a_call_within_minutes_are_one_alarm(county: County) -> None:
    fall = told(county, "fall")
    assert fall.certainty == 0.6
    later = NOW + timedelta(minutes=2)
    both = told(county, "sos", at=later)
    assert both.pk == fall.pk
    assert Alarm.objects.count() == 1
    assert both.certainty == pytest.approx(1 - 0.4 * 0.1)
    assert [entry.kind for entry in both.entries.all()] == [EntryKind.RAISED, EntryKind.AGAIN]
    actor = county.actor("sun")
    [line] = selectors.lines(actor, [selectors.get_alarm(actor, both.pk)])
    shown = reasons.why(actor, line, at=later)
    assert shown is not None
    assert [source.percent for source in shown.sources] == ["60%", "90%"]
    assert "96%" in shown.sure


def test_the_sensor_of_a_room_joins_by_who_lives_there(county: County) -> None:
    fall = told(county, "fall")
    room = told(
        county, "fall", at=NOW + 20 * SECOND,
        subject=county.bedroom.pk, subject_kind=SubjectKind.PLACE, person=county.chen.pk,
    )  # fmt: skip
    assert room.pk == fall.pk
    assert Alarm.objects.count() == 1


def test_what_is_far_apart_or_of_another_kind_or_person_does_not_join(county: County) -> None:
    fall = told(county, "fall")
    told(county, "heart-rate-critical", at=NOW + SECOND, summary={"code": 4, "value": 150.0})
    told(county, "sos", at=NOW + fusion.JOIN_WITHIN + timedelta(minutes=1))
    other, _home, _room = make_home(2)
    told(county, "sos", at=NOW + 2 * SECOND, subject=other.pk)
    assert Alarm.objects.count() == 4
    fall.refresh_from_db()
    assert fall.count == 1


def test_the_end_of_one_source_does_not_end_what_another_says(county: County) -> None:
    since = {"since_us": 1}
    alarm = told(county, "bp-critical", summary={"code": 1, "value": 186.0, **since})
    raised = alarm.finding_links.get().finding
    fall = told(county, "fall", at=NOW + SECOND, summary=since)
    begun = fall.finding_links.get().finding
    later = NOW + timedelta(minutes=1)
    sos = told(county, "sos", at=later, summary=since)
    assert sos.pk == fall.pk
    assert sos.pk != alarm.pk
    make_finding(rule="fall", subject=county.chen.pk, at=later, phase="cleared", of=begun.pk)
    services.take_findings(at=later)
    fall.refresh_from_db()
    assert fall.state == "unacknowledged"
    assert AlarmEntry.objects.filter(alarm=fall, kind=EntryKind.CLEARED).count() == 1
    chen = county.chen.pk
    make_finding(rule="bp-critical", subject=chen, at=later, phase="cleared", of=raised.pk)
    services.take_findings(at=later)
    alarm.refresh_from_db()
    assert alarm.state == "returned"


def looked_at(county: County, alarm: Alarm, after_s: float = 61) -> AlarmEntry:
    at = NOW + timedelta(seconds=after_s)
    assert services.run_due_looks(at=at) == 1
    alarm.refresh_from_db()
    return AlarmEntry.objects.get(alarm=alarm, kind=EntryKind.LOOKED)


def test_a_still_home_makes_a_fall_surer(county: County) -> None:
    sensor(county, "pir")
    alarm = told(county, "fall")
    assert services.run_due_looks(at=NOW + 59 * SECOND) == 0
    entry = looked_at(county, alarm)
    assert entry.data["seen"] == ["still"]
    assert alarm.certainty == pytest.approx(0.6 / 0.4 * 3 / (1 + 0.6 / 0.4 * 3))
    assert services.run_due_looks(at=NOW + timedelta(hours=1)) == 0
    assert "61" in phrases.entry_line(entry, NOW).text


def test_movement_makes_it_less_sure_and_the_fall_itself_is_no_movement(county: County) -> None:
    pir = sensor(county, "pir")
    alarm = told(county, "fall")
    for seconds in (3, 30):
        make_reading(
            subject=county.bedroom.pk, subject_kind=SubjectKind.PLACE, device=pir.pk,
            at=NOW + timedelta(seconds=seconds), values={"motion": 1.0},
        )  # fmt: skip
    entry = looked_at(county, alarm)
    assert entry.data["seen"] == ["moved"]
    assert entry.data["rooms"] == [county.bedroom.name]
    assert alarm.certainty is not None
    assert alarm.certainty < 0.6


def test_without_a_living_sensor_nothing_is_known(county: County) -> None:
    pir = sensor(county, "pir")
    DeviceSeen.objects.filter(device=pir.pk).update(received_at=NOW - timedelta(days=2))
    alarm = told(county, "fall")
    entry = looked_at(county, alarm)
    assert entry.data["seen"] == []
    assert alarm.certainty == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("answer", "seen", "surer"),
    [("well", "answered_well", False), ("help", "asked_for_help", True),
     ("silence", "no_answer", True)],
)  # fmt: skip
def test_the_speaker_asks_and_its_answer_counts(
    county: County, answer: str, seen: str, surer: bool
) -> None:
    speaker = sensor(county, "speaker")
    alarm = told(county, "fall")
    command = DeviceCommand.objects.get(device=speaker, name="ask")
    assert set(command.args) == {"text", "wait_s"}
    DeviceCommand.objects.filter(pk=command.pk).update(state="done", detail=answer)
    entry = looked_at(county, alarm)
    assert entry.data["seen"] == [seen]
    assert alarm.certainty is not None
    assert (alarm.certainty > 0.6) is surer


def test_a_speaker_that_never_answers_says_nothing(county: County) -> None:
    sensor(county, "speaker")
    alarm = told(county, "fall")
    assert looked_at(county, alarm).data["seen"] == []


certainties = st.lists(st.floats(0, 1), max_size=6)


@given(certainties)
def test_together_is_never_less_sure_than_any_alone(found: list[float]) -> None:
    whole = fusion.together(found)
    if not found:
        assert whole is None
        return
    assert whole is not None
    assert max(found) - 1e-9 <= whole <= 1


@given(st.floats(0, 1), st.floats(1, 50))
def test_evidence_for_and_against_are_mirror_images(certainty: float, factor: float) -> None:
    raised = fusion.weighed(certainty, [factor])
    assert raised >= fusion.weighed(certainty, []) - 1e-9
    against = fusion.weighed(1 - certainty, [1 / factor])
    assert raised == pytest.approx(1 - against, abs=1e-9)


@pytest.mark.parametrize(("heard_minutes_ago", "priority"), [(20, "medium"), (200, "unknown")])
def test_a_silent_home_is_not_a_person_who_does_not_move(
    county: County, heard_minutes_ago: int, priority: str
) -> None:
    pir = sensor(county, "pir")
    heard = NOW - timedelta(minutes=heard_minutes_ago)
    DeviceSeen.objects.filter(device=pir.pk).update(received_at=heard)
    since = NOW - timedelta(minutes=180)
    alarm = told(
        county, "no-sign-of-life",
        summary={"since_us": to_us(since), "silent_h": 3.0, "days": 20},
    )  # fmt: skip
    assert alarm.priority == priority
    actor = county.actor("sun")
    [line] = selectors.lines(actor, [selectors.get_alarm(actor, alarm.pk)])
    shown = reasons.why(actor, line, at=NOW)
    assert shown is not None
    assert ("网络" in shown.sentence) is (priority == "unknown")


def test_a_fall_after_which_the_device_fell_silent_says_so(county: County) -> None:
    summary = {
        "impact_g": 4.1, "tilt_deg": 80, "still_s": 0.0, "certainty": 0.83, "text": "partial",
        "silent_after_s": 0.4,
    }  # fmt: skip
    alarm = told(county, "fall-worn", summary=summary)
    actor = county.actor("sun")
    [line] = selectors.lines(actor, [selectors.get_alarm(actor, alarm.pk)])
    for language, sentence in (("zh-hans", "撞击后 0.4 秒失去信号"), ("en", "fell silent 0.4 s")):
        with translation.override(language):
            shown = reasons.why(actor, line, at=NOW)
        assert shown is not None
        assert sentence in shown.sentence
        assert "83%" in shown.sentence
