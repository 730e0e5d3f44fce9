"""Adapters on hand-made files of a few rows in each set's form: they run without the recordings."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from songhe.config.replay import read
from songhe.config.replay.recording import BadRecording, Line, Recording, encoded
from songhe.config.replay.signals import MISSING


@pytest.fixture
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / request.param
    path.mkdir()
    return path


def of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("home", [name], indirect=True)


def table(path: Path, rows: list[dict[str, object]]) -> None:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def trials(
    folder: Path, signals: str, index: str, parts: list[np.ndarray], rows: list[dict]
) -> None:
    offset = np.cumsum([0, *map(len, parts)])
    np.savez_compressed(folder / signals, signal=np.concatenate(parts), offset=offset)
    held = [
        {"rec": i, **row, "n": len(part)}
        for i, (row, part) in enumerate(zip(rows, parts, strict=True))
    ]
    table(folder / index, held)


def values(line: Line, lead: str) -> list[float | None]:
    """Return a lead's samples in the line's unit."""
    found = next(one for one in line.body["leads"] if one["lead"] == lead)
    return [None if v is None else v * line.body["scale"] for v in found["samples"].tolist()]


def told(recording: Recording) -> list[tuple[str, str, str]]:
    return [(line.sensor, line.body["event"], line.body["state"]) for line in recording.lines]


def counting(rows: int, columns: int) -> np.ndarray:
    return np.arange(rows * columns, dtype=np.int16).reshape(rows, columns)


@of("adl_ordonez")
def test_ordonez(home):
    (home / "homeA_sensors_dev.csv").write_text(
        "start,end,location,type,place\n"
        "2011-11-28 10:21:24,2011-11-28 10:21:31,Fridge,Magnetic,Kitchen\n"
        "2011-11-28 10:21:26,2011-11-28 10:21:28,Maindoor,Magnetic,Entrance\n"
        "2011-11-28 23:00:00,2011-11-28 23:50:00,Bed,Pressure,Bedroom\n"
    )
    table(home / "homeA_activities_dev.csv", [
        {"start": "2011-11-28 10:21:20", "end": "2011-11-28 10:22:20", "activity": "Breakfast"}
    ])  # fmt: skip
    recording = read(home)
    assert told(recording) == [
        ("Fridge", "item-use", "detected"),
        ("Maindoor", "door", "open"),
        ("Maindoor", "door", "closed"),
        ("Fridge", "item-use", "clear"),
        ("Bed", "bed", "occupied"),
        ("Bed", "bed", "empty"),
    ]
    assert {s.name: s.room for s in recording.sensors} == {
        "Fridge": "kitchen", "Maindoor": "hall", "Bed": "bedroom"
    }  # fmt: skip
    assert recording.truth == ((-4_000_000, 56_000_000, "activity/Breakfast"),)


@of("adl_casas_al")
def test_casas(home):
    rows = [
        ("2011-06-15 01:03:39.14962", "Bedroom", "ON", "Sleep"),
        ("2011-06-15 01:03:40.284526", "Bedroom", "OFF", "Sleep"),
        ("2011-06-15 07:00:00.0", "OutsideDoor", "ON", "Step_Out"),
        ("2011-06-15 07:00:01.0", "OutsideDoor", "OPEN", "Step_Out"),
        ("2011-06-15 07:00:09.0", "OutsideDoor", "CLOSE", "Step_Out"),
    ]
    names = ("timestamp", "sensor", "value", "activity")
    table(home / "casas_al_home_dev.csv.gz", [dict(zip(names, row, strict=True)) for row in rows])
    recording = read(home)
    assert told(recording) == [
        ("Bedroom", "motion", "detected"),
        ("Bedroom", "motion", "clear"),
        ("OutsideDoor", "motion", "detected"),
        ("OutsideDoor-magnet", "door", "open"),
        ("OutsideDoor-magnet", "door", "closed"),
    ]
    assert [t.label for t in recording.truth] == ["activity/Sleep", "activity/Step_Out"]
    assert recording.truth[0].end_us == 1_134_906


@of("sleep_walch_applewatch")
def test_sleep_leaves_missing_epochs_out(home):
    (home / "epochs_dev.csv").write_text(
        "subject,epoch,psg_stage,activity_count,hr_feature,time\n"
        "7,0,0.0,0.0,0.25,0.0\n7,1,2.0,5.5,0.25,0.00833\n7,2,5.0,11.0,0.25,0.10833\n"
    )
    recording = read(home)
    begin = recording.lines[0].at
    assert begin.strftime("%H:%M:%S") == "22:30:30"  # the end of the first epoch
    assert [(line.at - begin).total_seconds() for line in recording.lines] == [0, 30, 390]
    assert [v["value"] for v in recording.lines[1].body["readings"]] == [5.5, 0.25]
    assert recording.truth[2] == (360_000_000, 390_000_000, "stage/5")


@of("ecg_mitdb")
def test_ecg_is_summed_up_and_scaled(home):
    table(home / "records_ds1_dev.csv", [
        {"record": "101", "lead": "MLII", "fs": 360, "n": 400, "adc_gain": 200.0, "baseline": 1024}
    ])  # fmt: skip
    counts = 1024 + np.round(300 * np.sin(np.arange(400) / 9)).astype(np.int16)
    np.savez_compressed(
        home / "mitdb_ds1_dev_1.npz", **{"101": np.diff(counts, prepend=np.int16(0))}
    )
    table(home / "beats_ds1_dev.csv.gz", [
        {"record": "101", "sample": 36, "symbol": "V"}, {"record": "9", "sample": 1, "symbol": "N"}
    ])  # fmt: skip
    table(home / "rhythm_ds1_dev.csv", [
        {"record": "101", "sample": 0, "rhythm": "(N"},
        {"record": "101", "sample": 180, "rhythm": "(AFIB"},
    ])  # fmt: skip
    recording = read(home)
    first, second = recording.lines
    joined = values(first, "MLII") + values(second, "MLII")
    assert joined == pytest.approx((counts - 1024.0) / 200.0)
    assert (len(values(first, "MLII")), second.at - first.at) == (360, timedelta(seconds=1))
    assert (first.body["unit"], first.body["rate_hz"], first.body["recording"]) == (
        "mV",
        360.0,
        "ecg_mitdb/101",
    )
    assert recording.truth == (
        (0, 500_000, "rhythm/(N"),
        (100_000, 100_000, "beat/V"),
        (500_000, 1_111_111, "rhythm/(AFIB"),
    )
    assert not recording.is_dated
    with pytest.raises(BadRecording, match="leave --recording out"):
        read(home, "101", "1")


def _worn(home: Path, columns: int, rows: list[dict], rate: int) -> None:
    names = {
        "falls_imu_sisfall": "sisfall_50hz_young_dev",
        "falls_imu_umafall": "umafall_20hz_dev",
        "falls_watch_smartfallmm": "smartfallmm_watch_32hz_dev",
        "falls_wrist_wedafall": "wedafall_50hz_dev",
        "gait_imu_ipol": "gait_100hz_dev",
    }
    stem = names[home.name]
    parts = [counting(rate + 5, columns) for _ in rows]
    trials(home, f"{stem}.npz", f"{stem}_index.csv", parts, rows)


@of("falls_imu_sisfall")
def test_sisfall_counts_are_g_and_degrees(home):
    rows = [{"subject": "SA01", "group": "young", "activity": a, "trial": 1, "is_fall": f}
            for a, f in (("D01", 0), ("F05", 1))]  # fmt: skip
    _worn(home, 6, rows, 50)
    whole = read(home)
    assert len(whole.lines) == 2 * 2 * 2  # trials, codes, seconds begun
    assert [t.label for t in whole.truth] == ["daily/D01", "fall/F05"]
    # The second trial begins on a full second, 5 s after the first one's last.
    assert whole.truth[1].start_us == 7_000_000
    fall = read(home, "SA01", "F05-R01")
    acc, gyro = fall.lines[:2]
    assert acc.body["unit"] == "[g]"
    assert values(acc, "y")[:2] == [1 * 32 / 8192, 7 * 32 / 8192]
    assert values(gyro, "x")[1] == pytest.approx(9 * 4000 / 65536)
    assert fall.part == "F05-R01"
    assert acc.body["recording"] == "falls_imu_sisfall/SA01/F05-R01"
    with pytest.raises(BadRecording, match=r"no recording F06-R01.*D01-R01, F05-R01"):
        read(home, "SA01", "F06-R01")


@of("falls_imu_umafall")
def test_umafall_leaves_a_missing_position_out_and_names_repeats(home):
    rows = [{"subject": "S01", "activity": "Walking", "trial": 1, "is_fall": 0}] * 2
    part = counting(20, 18)
    gone = part.copy()
    gone[:, :6] = MISSING
    trials(home, "umafall_20hz_dev.npz", "umafall_20hz_dev_index.csv", [part, gone], rows)
    assert {line.sensor for line in read(home, "S01", "Walking-1").lines} == {
        "waist",
        "wrist",
        "chest",
    }
    repeated = read(home, "S01", "Walking-1b")
    assert {line.sensor for line in repeated.lines} == {"wrist", "chest"}
    assert {s.name for s in repeated.sensors} == {"wrist", "chest"}


@of("falls_watch_smartfallmm")
def test_the_watch_of_smartfallmm(home):
    rows = [{"subject": "S28", "group": "young", "activity": 12, "trial": 3, "is_fall": 1}]
    _worn(home, 3, rows, 32)
    recording = read(home, "S28", "A12-3")
    assert [len(values(line, "z")) for line in recording.lines] == [32, 5]
    assert values(recording.lines[0], "z")[0] == pytest.approx(0.02)
    assert [t.label for t in recording.truth] == ["fall/12"]


@of("falls_wrist_wedafall")
def test_wedafall_has_the_moment_of_the_fall(home):
    rows = [
        {"subject": "U01", "group": "young", "activity": "F01", "trial": 1, "is_fall": 1, "t0": 0.5}
    ]
    _worn(home, 6, rows, 50)
    table(home / "fall_timestamps_dev.csv", [
        {"filename": "F01/U01_R01", "start_time": 0.7, "end_time": 1.2},
        {"filename": "F01/U02_R01", "start_time": 9.0, "end_time": 9.9},
    ])  # fmt: skip
    recording = read(home)
    assert (200_000, 700_000, "falling/F01") in recording.truth
    turning = next(line for line in recording.lines if line.body["unit"] == "rad/s")
    assert values(turning, "x")[0] == pytest.approx(0.003)


@of("gait_imu_ipol")
def test_gait_has_nine_leads_and_every_step(home):
    meta = {
        "TrialBoundaries": [10, 90],
        "UTurnBoundaries": [40, 50],
        "LeftFootEvents": [[12, 20]],
        "RightFootEvents": [[22, 30], [60, 70]],
    }
    _worn(home, 18, [{"trial": "1-1", "subject": "1", "meta": json.dumps(meta)}], 100)
    recording = read(home)
    acc = recording.lines[0]
    assert [lead["lead"] for lead in acc.body["leads"]] == [
        f"{where} {axis}" for where in ("lower-back", "left-foot", "right-foot") for axis in "xyz"
    ]
    assert values(acc, "right-foot y")[0] == pytest.approx(0.13)
    assert [t.label for t in recording.truth].count("step/right") == 2
    assert (120_000, 200_000, "step/left") in recording.truth


@of("falls_ir_fir16x16")
def test_the_ceiling_drops_what_was_not_measured(home):
    table(home / "index_dev.csv", [
        {"rec": 4, "file": "20170203_p10_dark1.csv", "date": "20170203", "n": 30, "fps": 10.0}
    ])  # fmt: skip
    table(home / "annotations_dev.csv", [
        {"rec": 4, "start": 20, "end": 25, "action": "falling1", "person": "human1"}
    ])  # fmt: skip
    frames = np.full((30, 16, 16), 100, dtype=np.uint8)
    frames[15:, 3, 5] = 140
    np.savez_compressed(home / "fir16x16_20170203_dev.npz", frames=frames, offset=[0, 30], rec=[4])
    recording = read(home)
    (first, second) = recording.lines
    assert [len(line.body["samples"]) // 256 for line in (first, second)] == [10, 5]
    degrees = np.array(first.body["samples"]).reshape(10, 16, 16) * first.body["scale"]
    assert degrees[0, 3, 5] == pytest.approx(25.0)
    assert degrees[0, 0, 0] == pytest.approx(23.0)
    assert recording.truth == ((500_000, 1_000_000, "fall/falling1"),)


@of("falls_ir_d6t_4x4")
def test_the_small_array_keeps_its_gaps(home):
    times = [0, 100, 200, 650, 750]
    samples = np.array([[t, *range(220, 236)] for t in times], dtype=np.int16)
    row = {
        "file": "f_1.csv",
        "scene": "normal fall scene",
        "is_fall": 1,
        "start": "2021-03-24 18:49:12.268000",
    }
    trials(home, "d6t_4x4_dev.npz", "d6t_4x4_dev_index.csv", [samples], [row])
    recording = read(home, "normal-fall-scene", "f_1")
    assert [line.at - recording.lines[0].at for line in recording.lines] == [
        timedelta(0),
        timedelta(milliseconds=650),
    ]
    assert [line.body["seq"] for line in recording.lines] == [0, 1]
    assert recording.lines[0].at == datetime(2021, 3, 24, 18, 49, 12, 268000)  # noqa: DTZ001
    assert recording.lines[1].body["samples"][0] * recording.lines[1].body[
        "scale"
    ] == pytest.approx(22.0)
    assert recording.truth[0].label == "fall/normal fall scene"


@of("ble_rssi")
def test_the_library_by_day_and_rows_of_one_minute_apart(home):
    day = "10-18-2016 11:15:"
    dates = [f"{day}19", f"{day}17", f"{day}15", "10-04-16 10:58", "10-04-16 10:58"]
    cells = ["P01", "P01", "P01", "I15", "N15"]
    rows = [
        {"location": cell, "date": date, "b3001": -200, "b3002": -70 - i, "b3003": -199}
        for i, (cell, date) in enumerate(zip(cells, dates, strict=True))
    ]
    table(home / "ibeacon_labeled_dev.csv", rows)
    newest = read(home)
    assert newest.lines[0].body["sightings"] == [{"key": "b3002", "rssi_dbm": -72.0}]
    assert [s.name for s in newest.sensors if s.is_heard] == ["b3001", "b3002", "b3003"]
    assert newest.truth == ((0, 4_000_000, "cell/P01"),)
    older = read(home, "library", "2016-10-04")
    assert [line.at.strftime("%H:%M:%S") for line in older.lines] == ["10:58:00", "10:58:30"]
    # The file is newest first.
    assert [t.label for t in older.truth] == ["cell/N15", "cell/I15"]


@of("ble_rssi")
def test_the_room_by_points(home):
    table(home / "rooms_mean_rssi_dev.csv", [
        {"scenario": 2, "tech": "BLE", "set": "tests", "point": 1, "x_m": 1.5, "y_m": 0.0}
    ])  # fmt: skip
    read_rows = [
        ("BLE", "1", "A"),
        ("BLE", "1", "B"),
        ("BLE", "1", "A"),
        ("WiFi", "1", "A"),
        ("BLE", "2", "C"),
    ]
    table(home / "rooms_raw_rssi_dev.csv.gz", [
        {"scenario": 2, "tech": tech, "set": "tests", "point": point, "node": node, "rssi": -60 - i}
        for i, (tech, point, node) in enumerate(read_rows)
    ])  # fmt: skip
    recording = read(home, "room-2")
    heard = [
        [(s["key"], s["rssi_dbm"]) for s in line.body["sightings"]] for line in recording.lines
    ]
    assert heard == [[("A", -60.0), ("B", -61.0)], [("A", -62.0)], [("C", -64.0)]]
    assert [t.label for t in recording.truth] == ["point/1.5,0.0", "point/2"]
    assert read(home, "room-2", "tests").part == "tests"


@of("radar_pointcloud_radhar")
def test_radar_points_are_metres_and_frames_may_have_fewer(home):
    table(home / "index_dev.csv", [
        {"rec": 0, "file": "walk_20_2.txt", "activity": "walk", "n_points": 3, "duration_s": 0.1},
        {"rec": 1, "file": "jump_20_1.txt", "activity": "jump", "n_points": 1, "duration_s": 0.1},
    ])  # fmt: skip
    points = np.array([
        [0, 0, 1500, -200, 300, 0, 2500], [0, 1, 1600, -250, 900, -400, 1800],
        [66, 0, 1550, -210, 310, 10, 2600], [0, 0, 1, 1, 1, 1, 1],
    ], dtype=np.int32)  # fmt: skip
    np.savez_compressed(home / "radhar_points_dev.npz", points=points, offset=[0, 3, 4])
    recording = read(home, "walk")
    [line] = recording.lines
    assert line.body["frame"] == [2, 5]
    assert line.body["unit"] == "1"
    sent = msgspec.json.decode(encoded(line, datetime(2026, 11, 22, tzinfo=UTC)))["samples"]
    assert sent[:5] == [1500, -200, 300, 0, 25000]
    assert sent[15:] == [None] * 5
    assert sent[9] * line.body["scale"] == pytest.approx(18.0)
    assert [t.label for t in recording.truth] == ["activity/walk"]
    assert recording.sensors[0].type == "radar"
    assert read(home, "walk", "walk_20_2").part == "walk_20_2"
    with pytest.raises(BadRecording, match=r"no recording x.*walk_20_2"):
        read(home, "walk", "x")
