"""The real sets, where they are present: counts, units and ranges as their READMEs say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from songhe.config.replay import read
from songhe.config.replay.recording import Recording
from songhe.config.replay.tests.test_adapters import folder

G = 9.80665


def joined(recording: Recording, code: str, lead: str) -> np.ndarray:
    """Return a lead of all messages of a code, in the set's unit."""
    parts = []
    for line in recording.lines:
        if line.body.get("code") == code:
            held = {one["lead"]: one["samples"] for one in line.body["leads"]}
            parts.append(np.ma.filled(held[lead] * line.body["scale"], np.nan))
    return np.concatenate(parts)


def length(recording: Recording, code: str, axes: tuple[str, ...] = ("x", "y", "z")) -> np.ndarray:
    return np.sqrt(sum(joined(recording, code, axis) ** 2 for axis in axes))


@pytest.mark.parametrize("record", ["101", "230"])
def test_ecg_is_half_an_hour_within_five_millivolts(record):
    recording = read(folder("ecg_mitdb"), record)
    signal = joined(recording, "songhe:ecg", "MLII")
    assert len(signal) == 650_000
    assert recording.lines[0].body["rate_hz"] == 360.0
    assert np.abs(signal).max() <= 5
    # Waves of a heart, not of a mistaken sum: no drift away, and beats that stand out of it.
    halves = [np.median(half) for half in np.split(signal, 2)]
    assert abs(halves[0] - halves[1]) < 0.2
    beats = [t.start_us for t in recording.truth if t.label.startswith("beat/N")]
    peaks = [
        signal[max(0, round(us * 0.00036) - 20) : round(us * 0.00036) + 20].max() for us in beats
    ]
    assert np.median(peaks) > np.median(signal) + 0.5
    assert 1_500 < len(beats) < 3_000


@pytest.mark.parametrize(
    ("name", "subject", "sensor", "unit_of_g", "rate_hz", "trials"),
    [
        ("falls_imu_sisfall", "SA01", "waist", 1.0, 50.0, 79),
        ("falls_imu_sisfall", "SE01", "waist", 1.0, 50.0, 26),
        ("falls_imu_umafall", "S04", "wrist", 1.0, 20.0, 42),
        ("falls_watch_smartfallmm", "S28", "watch", G, 32.0, 35),
        ("falls_wrist_wedafall", "U01", "wrist", G, 50.0, 58),
    ],
)
def test_worn_sensors_feel_one_g(name, subject, sensor, unit_of_g, rate_hz, trials):
    recording = read(folder(name), subject)
    of_sensor = [line for line in recording.lines if line.sensor == sensor]
    acc = [line for line in of_sensor if line.body["code"] == "songhe:acceleration"]
    assert {line.body["rate_hz"] for line in acc} == {rate_hz}
    assert len({line.body["recording"] for line in acc}) == trials
    one = Recording(name, subject, (), of_sensor)
    felt = length(one, "songhe:acceleration") / unit_of_g
    assert np.nanmedian(felt) == pytest.approx(1.0, abs=0.1)
    assert np.nanmax(felt) < 20
    kinds = Counter(truth.label.split("/")[0] for truth in recording.truth)
    assert kinds["fall"] + kinds["daily"] == trials
    assert (kinds["fall"] > 0) == (subject != "SE01")


def test_gait_has_every_step_of_both_feet():
    recording = read(folder("gait_imu_ipol"), "1", "1-1")
    axes = tuple(f"lower-back {axis}" for axis in "xyz")
    felt = length(recording, "songhe:acceleration", axes)
    assert len(felt) == 2_913
    assert np.median(felt) == pytest.approx(G, abs=0.5)
    kinds = Counter(truth.label for truth in recording.truth)
    assert abs(kinds["step/left"] - kinds["step/right"]) <= 2
    assert kinds["walk/there-and-back"] == kinds["turn/u-turn"] == 1


@pytest.mark.parametrize(
    ("name", "subject", "part", "shape"),
    [
        ("falls_ir_fir16x16", "20170203", "p10_dark1", [16, 16]),
        ("falls_ir_fir16x16", "20170206", "", [16, 16]),
        ("falls_ir_d6t_4x4", "", "", [4, 4]),
    ],
)
def test_arrays_are_as_warm_as_rooms_and_people(name, subject, part, shape):
    recording = read(folder(name), subject, part)
    degrees = np.concatenate([line.body["samples"] for line in recording.lines]) * 1.0
    degrees *= recording.lines[0].body["scale"]
    assert {tuple(line.body["frame"]) for line in recording.lines} == {tuple(shape)}
    assert 10 <= degrees.min() < 24 < degrees.max() <= 40
    kinds = {truth.label.split("/")[0] for truth in recording.truth}
    if part:
        assert kinds == {"daily"}
        assert len(degrees) == (415 - 15) * 256
    else:
        assert "fall" in kinds


@pytest.mark.parametrize("activity", ["walk", "squats"])
def test_a_radar_sees_points_of_a_body_in_a_room(activity):
    recording = read(folder("radar_pointcloud_radhar"), activity)
    assert len({line.body["recording"] for line in recording.lines}) == 5
    assert {truth.label for truth in recording.truth} == {f"activity/{activity}"}
    frames = np.ma.concatenate(
        [line.body["samples"].reshape(-1, *line.body["frame"]) for line in recording.lines[:15]]
    )
    metres = frames.astype(float) * recording.lines[0].body["scale"]
    assert -0.5 < metres[..., 0].min() < metres[..., 0].max() < 15
    assert abs(np.ma.median(metres[..., 2])) < 1.5
    assert 0 < np.ma.median(metres[..., 4]) < 60
    length_s = sum((t.end_us - t.start_us) / 1e6 for t in recording.truth)
    assert length_s == pytest.approx(100, abs=3)


def test_a_night_of_epochs():
    recording = read(folder("sleep_walch_applewatch"), "1449548")
    assert len(recording.lines) == len(recording.truth) == 885
    assert {truth.label for truth in recording.truth} == {f"stage/{n}" for n in (0, 1, 2, 3, 5)}
    gaps = Counter(
        (b.at - a.at).total_seconds()
        for a, b in zip(recording.lines, recording.lines[1:], strict=False)
    )
    assert gaps[30.0] > 870
    assert max(gaps) == 750


def test_homes_of_ordonez_and_casas():
    home = read(folder("adl_ordonez"))
    assert (len(home.lines), len(home.truth), len(home.sensors)) == (2 * 407, 247, 12)
    casas = read(folder("adl_casas_al"))
    assert len(casas.lines) == 39_768
    doors = Counter(line.body["state"] for line in casas.lines if line.body["event"] == "door")
    assert doors == {"open": 148, "closed": 148}


def test_beacons_of_the_library_and_the_room():
    library = read(folder("ble_rssi"), "library")
    assert len(library.lines) == 350
    assert sum(sensor.is_heard for sensor in library.sensors) == 13
    heard = [one["rssi_dbm"] for line in library.lines for one in line.body["sightings"]]
    assert -100 <= min(heard) < max(heard) < -40
    room = read(folder("ble_rssi"), "room-2")
    assert sum(len(line.body["sightings"]) for line in room.lines) == 3_661 + 1_497
    assert len({truth.label for truth in room.truth}) == 22
