"""The three home sets in one form: events by channel and the activity of each minute."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluation import files
from songhe.kernel.rhythm.activity import ACTIVITIES
from songhe.kernel.rhythm.sensing import Fired, channel_of, in_order
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US, to_us

# An activity of the c4a form goes on while its events are no further apart; beyond, nobody knows.
_GOES_ON_US = 30 * MINUTE_US
_FAR_US = 200 * DAY_US
# What lasts for hours between two events of its own.
_LONG = ("away", "sleep", "leisure")
UNKNOWN = -1
Spelt = tuple[int, int, str]
_OTHER = ACTIVITIES.index("other")
# The first line that fits an activity's name decides.
_NAMES = (
    ("away", r"leav|step_?out"),
    ("other", r"enter|wake|storegroc|guest|med|exercise|dishwasher|washing|unknown|other"),
    ("toilet", r"toilet"),
    ("shower", r"shower|bathe|takebath"),
    ("sleep", r"sleep|gotobed"),
    ("breakfast", r"breakfast"),
    ("meal", r"lunch|dinner|eating|supper"),
    ("snack", r"snack|drink"),
    ("leisure", r"spare|tv|relax|read|work_at|leisure"),
    ("grooming", r"groom|brush|shave|hygiene|dress"),
)


@dataclass
class Home:
    """One home. spells: (from_us, until_us, activity). blind: minutes nobody has labelled.

    start_us is a local midnight; local times stand as if they were UTC.
    """

    name: str
    events: list[Fired]
    spells: list[Spelt]
    start_us: int
    count: int
    blind: bool = False
    known: list[tuple[int, int]] = field(default_factory=list)

    def labels(self) -> NDArray[np.int64]:
        """Return the activity of each minute as a number, other where none is written down.

        The activity that fills most of a minute counts. UNKNOWN outside what was observed.
        """
        filled = np.zeros((self.count, len(ACTIVITIES)))
        for start_us, until_us, activity in self.spells:
            _fill(filled[:, ACTIVITIES.index(activity)], start_us, until_us, self.start_us)
        told = np.argmax(filled, axis=1)
        rest = np.full(self.count, UNKNOWN)
        for start_us, until_us in self.known:
            first, last = (int((at - self.start_us) // MINUTE_US) for at in (start_us, until_us))
            rest[max(first, 0) : last + 1] = _OTHER
        named = filled.sum(axis=1) > 0
        return np.where(named, told, rest)


def _fill(column: NDArray[np.float64], start_us: int, until_us: int, zero_us: int) -> None:
    begin, end = (start_us - zero_us) / MINUTE_US, (until_us - zero_us) / MINUTE_US
    first, last = max(int(begin), 0), min(int(end), len(column) - 1)
    if first > last:
        return
    if int(begin) == int(end):
        column[first] += max(end - begin, 1 / 60)
        return
    if int(begin) >= 0:
        column[first] += int(begin) + 1 - begin
    column[int(begin) + 1 if begin >= 0 else 0 : last] += 1
    if int(end) < len(column):
        column[last] += end - last


def activity_of(name: str, at_us: int) -> str:
    """Return the common activity of a set's own name; a meal before 11:00 is breakfast."""
    plain = name.lower().replace(" ", "")
    found = next((to for to, words in _NAMES if re.search(words, plain)), "other")
    if found == "meal" and "eating" in plain and at_us % DAY_US < 11 * HOUR_US:
        return "breakfast"
    return found


def _us(text: str) -> int | None:
    """Return an instant as if local time were UTC; None for what is no time."""
    try:
        return to_us(datetime.fromisoformat(text.strip()).replace(tzinfo=UTC))
    except ValueError:
        return None


def _spans(rows: Iterable[dict[str, str]]) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield rows with their beginning and end; a row without a beginning tells nothing."""
    for row in rows:
        start_us, end_us = _us(row["start"] or ""), _us(row["end"] or "")
        if start_us is not None:
            yield start_us, max(end_us or start_us, start_us), row


def _named(
    rows: Iterable[dict[str, str]], column: str, names: dict[str, str] | None
) -> list[Spelt]:
    """Return what was written down of activities; what lasts for two days is a slip of the pen."""
    return [
        (start_us, end_us, activity_of((names or {}).get(row[column], row[column]), start_us))
        for start_us, end_us, row in _spans(rows)
        if end_us - start_us < 2 * DAY_US
    ]


def _home(name: str, events: Iterable[Fired], spells: Sequence[Spelt]) -> Home:
    """Return a home; what lies far from the rest in time is a slip of a clock."""
    sorted_events = in_order(events)
    middle_us = sorted_events[len(sorted_events) // 2].at_us
    sorted_events = [e for e in sorted_events if abs(e.at_us - middle_us) < _FAR_US]
    near = [s for s in spells if abs(s[0] - middle_us) < _FAR_US]
    start_us = min(sorted_events[0].at_us, *(s[0] for s in near)) // DAY_US * DAY_US
    end_us = max(max(e.until_us for e in sorted_events), *(s[1] for s in near))
    count = int((end_us - start_us) // MINUTE_US) + 1
    return Home(name, sorted_events, near, start_us, count)


def _letter(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.name)
    return found.group(1) if found else path.stem


def ordonez(folder: Path) -> list[Home]:
    """Return the homes of a folder in the form of adl_ordonez; raises NoRecording."""
    homes = []
    for path in files.found(folder, "home*_sensors*.csv"):
        letter = _letter(path, r"home([A-Za-z0-9]+)_")
        labels = files.one(folder, f"home{letter}_activities*.csv")
        events = [
            Fired(start_us, end_us, channel_of(row["location"], row["type"], row["place"]))
            for start_us, end_us, row in _spans(files.rows(path))
        ]
        spells = _named(files.rows(labels), "activity", None)
        home = _home(letter, events, spells)
        home.known = [(min(s[0] for s in home.spells), max(s[1] for s in home.spells))]
        homes.append(home)
    return homes


def kasteren(folder: Path) -> list[Home]:
    """Return the homes of a folder in the forms of adl_kasteren; raises NoRecording."""
    homes = [_c4a(path) for path in sorted(folder.glob("house*_events*.csv"))]
    for path in sorted(folder.glob("house*_sensors*.csv")):
        letter = _letter(path, r"house([A-Za-z0-9]+)_")
        sensors, activities = _legend(files.one(folder, f"house{letter}_labels*.txt"))
        events = [
            Fired(start_us, end_us, sensors.get(row["sensor_id"], "other"))
            for start_us, end_us, row in _spans(files.rows(path))
            if row.get("value", "1") not in ("0", "OFF")
        ]
        labels = files.one(folder, f"house{letter}_activities*.csv")
        spells = _named(files.rows(labels), "activity_id", activities)
        home = _home(letter, events, spells)
        home.known = [(min(s[0] for s in home.spells), max(s[1] for s in home.spells))]
        homes.append(home)
    if not homes:
        raise files.NoRecording(folder=folder.name, pattern="house*_events*.csv")
    return homes


def _legend(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    sensors: dict[str, str] = {}
    activities: dict[str, str] = {}
    part = sensors
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            part = activities if "activit" in line else sensors
            continue
        number, _, rest = line.strip().partition(" ")
        if rest:
            part[number] = channel_of(*rest.split(" ")) if part is sensors else rest
    return sensors, activities


def _c4a(path: Path) -> Home:
    """Read a house of which only the events are kept, each with the activity that it fell in.

    Events in a row with one activity are one spell, as long as they are near each other or the
    activity is one of hours. Sleep whose events come after hours of silence began at the event
    before. Minutes between events of no spell are unknown and not judged.
    """
    rows = [
        (at_us, row) for row in files.rows(path)
        if (at_us := _us(row["timestamp"])) is not None
        and (row["value"] or "").upper() not in ("OFF", "0", "CLOSE")
    ]  # fmt: skip
    rows.sort(key=lambda given: given[0])
    events = [Fired(at_us, at_us, channel_of(row["sensor"])) for at_us, row in rows]
    named = [(row["activity"] or "").strip() for _, row in rows]
    spells: list[Spelt] = []
    known: list[tuple[int, int]] = []
    before = ""
    for i, (event, name) in enumerate(zip(events, named, strict=True)):
        at_us = event.at_us
        last_us = events[i - 1].at_us if i else at_us
        if not name:
            known.append((at_us, at_us))
        else:
            found = activity_of(name, at_us)
            gap_us = at_us - last_us
            same = name == before and spells and (gap_us <= _GOES_ON_US or found in _LONG)
            if same:
                spells[-1] = (spells[-1][0], at_us, found)
            elif found == "sleep" and HOUR_US < gap_us < 16 * HOUR_US:
                spells.append((last_us, at_us, found))
            else:
                spells.append((at_us, at_us, found))
        before = name
    home = _home(_letter(path, r"house([A-Za-z0-9]+)_"), events, spells)
    home.known, home.blind = known, True
    return home


def casas(folder: Path) -> list[Home]:
    """Return the homes of a folder in the form of adl_casas_al; raises NoRecording.

    An event's activity holds until the next event.
    """
    homes = []
    for path in files.found(folder, "casas*.csv*"):
        told = [(at_us, r) for r in files.rows(path) if (at_us := _us(r["timestamp"])) is not None]
        told.sort(key=lambda given: given[0])
        on: dict[str, int] = {}
        events: list[Fired] = []
        spells: list[Spelt] = []
        for (at_us, row), after in zip(told, [*told[1:], None], strict=True):
            sensor = row["sensor"]
            if row["value"].upper() in ("ON", "OPEN"):
                on.setdefault(sensor, at_us)
            elif sensor in on:
                events.append(Fired(on.pop(sensor), at_us, channel_of(sensor)))
            if after is not None:
                found = activity_of(row["activity"], at_us)
                spells.append((at_us, after[0], found))
        home = _home("al", events, spells)
        home.known = [(spells[0][0], spells[-1][1])]
        homes.append(home)
    return homes


READERS = {"adl_ordonez": ordonez, "adl_kasteren": kasteren, "adl_casas_al": casas}
