"""Last values, series, personal normal and evidence, read from stored readings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.terms import Freshness, age_limits_s
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put, put_latest
from songhe.kernel import codes
from songhe.kernel.wire import SubjectKind

pytestmark = pytest.mark.django_db
HEALTH = ("sbp", "heart-rate", "spo2", "sleep", "temperature")


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def view(cast: Cast, name: str) -> PersonView:
    return people.get_person(cast.actor(name), cast.chen, at=NOW)


def latest(cast: Cast, name: str) -> dict[str, selectors.LatestValue]:
    found = selectors.latest_of(cast.actor(name), view(cast, name), cast.home, at=NOW)
    return {value.code.key: value for value in found}


def some_latest(cast: Cast) -> None:
    bp, band = cast.devices["bp"], cast.devices["band"]
    put_latest(
        cast.chen,
        SubjectKind.PERSON,
        sbp=(128, NOW - timedelta(hours=30), bp),
        heart_rate=(71, NOW - timedelta(minutes=5), band),
        spo2=(96, NOW - timedelta(hours=2), band),
        sleep=(410, NOW - timedelta(hours=9), band),
        temperature=(36.6, NOW - timedelta(days=9), UUID(int=5)),
        lat=(30.1, NOW, band),
        sighting=(-71, NOW, band),
        battery=(55, NOW, band),
    )
    put_latest(
        cast.rooms["bedroom"],
        SubjectKind.PLACE,
        bed=(1, NOW - timedelta(minutes=4), cast.devices["mattress"]),
    )


def test_last_values_have_their_own_age(cast: Cast) -> None:
    some_latest(cast)
    found = latest(cast, "sun")
    assert found["heart-rate"].freshness is Freshness.FRESH
    assert found["sbp"].freshness is Freshness.STALE  # a day without a measurement
    assert found["spo2"].freshness is Freshness.STALE  # eight reports of the band are missing
    assert found["sleep"].freshness is Freshness.FRESH  # once a day is its rhythm
    assert found["temperature"].freshness is Freshness.UNKNOWN  # a device nobody knows, 9 days
    assert found["bed"].subject == cast.rooms["bedroom"]


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("sun", {*HEALTH, "lat", "sighting", "battery", "bed"}),
        ("wei", {*HEALTH, "lat", "sighting", "battery", "bed"}),
        ("zhao", {*HEALTH, "bed"}),
        ("liu", set()),
    ],
)
def test_only_open_classes_are_told(cast: Cast, who: str, sees: set[str]) -> None:
    some_latest(cast)
    assert set(latest(cast, who)) == sees


def test_a_voided_value_is_not_known(cast: Cast) -> None:
    from songhe.domains.telemetry import services

    at = NOW - timedelta(minutes=3)
    key = put(cast.chen, cast.devices["bp"], at, sbp=186, dbp=112)
    put_latest(cast.chen, SubjectKind.PERSON, sbp=(186, at, cast.devices["bp"]))
    assert latest(cast, "sun")["sbp"].freshness is Freshness.FRESH
    services.void_reading(actor=cast.actor("admin"), key=key, reason="cuff on the table", at=NOW)
    after = latest(cast, "sun")["sbp"]
    assert after.voided
    assert after.freshness is Freshness.UNKNOWN


def test_series_keeps_minima_and_maxima_when_thinned(cast: Cast) -> None:
    start = NOW - timedelta(days=3)
    for minute in range(0, 3 * 1440, 15):
        value = 180.0 if minute == 1515 else 41.0 if minute == 3015 else 70 + minute % 7
        put(cast.chen, cast.devices["band"], start + timedelta(minutes=minute), heart_rate=value)
    actor, person = cast.actor("sun"), view(cast, "sun")
    whole = selectors.series(actor, person, ["heart-rate"], start, NOW, max_points=1000)
    assert whole.count == len(whole.samples) == 288
    thin = selectors.series(actor, person, ["heart-rate"], start, NOW, max_points=40)
    assert thin.count == 288
    assert len(thin.samples) <= 42
    values = [sample.values[0] for sample in thin.samples]
    assert max(values) == 180
    assert min(values) == 41
    assert [s.at for s in thin.samples] == sorted(s.at for s in thin.samples)
    many = selectors.lines_of(actor, person, ["heart-rate", "spo2"], start, NOW, max_points=40)
    assert many["spo2"] == []
    assert {v for _, v in many["heart-rate"]} >= {180.0, 41.0}
    assert len(many["heart-rate"]) <= 42


def test_pairs_stay_together_and_windows_are_half_open(cast: Cast) -> None:
    at = NOW - timedelta(days=1)
    key = put(cast.chen, cast.devices["bp"], at, dbp=80, sbp=130, heart_rate=70, flags=3)
    put(cast.chen, cast.devices["bp"], NOW, sbp=140, dbp=90)
    put(cast.other, cast.devices["bp"], at, sbp=199, dbp=99)
    found = selectors.series(cast.actor("sun"), view(cast, "sun"), ["sbp", "dbp", "map"], at, NOW)
    assert [s.values for s in found.samples] == [(130.0, 80.0, None)]
    assert found.samples[0].flags == 3
    assert found.samples[0].key == key


def test_reading_is_bounded_in_time(cast: Cast) -> None:
    actor, person = cast.actor("sun"), view(cast, "sun")
    for start, end in ((NOW, NOW), (NOW, NOW - timedelta(days=1)), (NOW - timedelta(401), NOW)):
        with pytest.raises(ValueError, match="bounded"):
            selectors.series(actor, person, ["sbp"], start, end)


def test_baseline_needs_five_readings(cast: Cast) -> None:
    sbp = codes.by_key("sbp")
    for day, value in enumerate((120, 130, 140, 150)):
        put(cast.chen, cast.devices["bp"], NOW - timedelta(days=day + 1), sbp=value, dbp=80)
    put(cast.chen, cast.devices["bp"], NOW - timedelta(days=15), sbp=220, dbp=80)
    assert selectors.baseline([cast.chen], sbp, at=NOW) is None
    put(cast.chen, cast.devices["bp"], NOW - timedelta(hours=1), sbp=160, dbp=80)
    found = selectors.baseline([cast.chen], sbp, at=NOW)
    assert found == selectors.Baseline(low=124.0, high=156.0, count=5)


def test_evidence_is_the_stored_readings(cast: Cast) -> None:
    from songhe.domains.telemetry import services

    one = put(cast.chen, cast.devices["bp"], NOW - timedelta(minutes=5), sbp=186, dbp=112)
    two = put(cast.chen, cast.devices["bp"], NOW - timedelta(minutes=3), sbp=184, dbp=110)
    never = replace_key(two, at_us=two.at_us + 1)
    found, gone = selectors.readings_by_keys([two, never, one, two])
    assert [row.key for row in found] == [one, two]
    assert [(c.key, v) for c, v in found[0].values] == [("sbp", 186.0), ("dbp", 112.0)]
    assert gone == [never]
    services.void_reading(actor=cast.actor("admin"), key=one, reason="arm moved", at=NOW)
    found, gone = selectors.readings_by_keys([one, two])
    assert [row.key for row in found] == [two]
    assert gone == [one]
    voided = selectors.voided_by_keys([one, two])
    assert list(voided) == [one]
    assert voided[one].reason == "arm moved"
    assert voided[one].voided_by == "孙县长"
    assert selectors.parse_key(selectors.key_text(one)) == one


def replace_key(key: object, **changes: object) -> object:
    import msgspec

    return msgspec.structs.replace(key, **changes)


def test_readings_page_hides_closed_classes(cast: Cast) -> None:
    at = NOW - timedelta(hours=1)
    put(cast.chen, cast.devices["band"], at, heart_rate=71, lat=30.1, battery=50, late_s=7200)
    sees, total = selectors.readings_of(
        cast.actor("zhao"), view(cast, "zhao"), ["heart-rate"], NOW - timedelta(days=1), NOW
    )
    assert total == 1
    assert [code.key for code, _ in sees[0].values] == ["heart-rate"]
    blind = replace(view(cast, "sun"), fields=frozenset({"identity"}))
    assert selectors.readings_of(
        cast.actor("sun"), blind, ["heart-rate"], NOW - timedelta(days=1), NOW
    ) == ([], 0)


def test_age_limits_are_in_order() -> None:
    from songhe.domains.devices import types

    for kind in [None, *types.all_types().values()]:
        for code in codes.all_codes():
            fresh_s, known_s = age_limits_s(code, kind)
            assert 0 < fresh_s <= known_s
