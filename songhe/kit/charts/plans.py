"""Floor plan of a home, from rooms as data: where the alarm is, which sensors are lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kit.charts.svg import el, group, px
from songhe.kit.charts.words import join

LETTER_PX = 12.0
LINE_PX = 16.0


@dataclass(frozen=True, slots=True)
class Room:
    """A rectangle of paper; `note` is a second line under its name."""

    key: str
    label: str
    x: float
    y: float
    width: float
    height: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """An opening in a wall, as the line it interrupts."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sensor in a room; without a place of its own it is put at the room's foot."""

    room: str
    label: str
    lost: bool = False
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True)
class FloorPlan:
    """A home. `alarm_room` is where the alarm is, `person_room` where the person was last seen."""

    name: str
    width: float
    height: float
    rooms: Sequence[Room]
    doors: Sequence[Door] = ()
    sensors: Sequence[Sensor] = ()
    alarm_room: str = ""
    person_room: str = ""


def floor_plan_from(
    body: Mapping[str, Any], name: str, labels: Mapping[str, str] | None = None
) -> FloorPlan:
    """Return the plan that JSON describes.

    `{"width": 320, "height": 176, "rooms": [{"key", "label", "x", "y", "width", "height"}],
    "doors": [[x1, y1, x2, y2]]}`. `labels` gives rooms their names in the reader's language.
    Raises ValueError when a room is malformed or stands outside the plan.
    """
    try:
        width, height = float(body["width"]), float(body["height"])
        rooms = [_room(entry, labels or {}) for entry in body["rooms"]]
        doors = [Door(*(float(n) for n in entry)) for entry in body.get("doors", ())]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a floor plan: {error}") from error
    if any(r.x < 0 or r.y < 0 or r.x + r.width > width or r.y + r.height > height for r in rooms):
        raise ValueError("a room stands outside the plan")
    return FloorPlan(name=name, width=width, height=height, rooms=rooms, doors=doors)


def _room(entry: Mapping[str, Any], labels: Mapping[str, str]) -> Room:
    key = str(entry["key"])
    label = labels.get(key) or str(entry.get("label", key))
    return Room(key, label, float(entry["x"]), float(entry["y"]), float(entry["width"]),
                float(entry["height"]), str(entry.get("note", "")))


def plan(floor: FloorPlan) -> SafeString:
    """Draw the home; without rooms, say that there is no plan."""
    view = f"0 0 {px(floor.width)} {px(floor.height)}"
    if not floor.rooms:
        return _no_plan(floor, view)
    pieces: list[SafeString] = []
    ordered = sorted(floor.rooms, key=lambda r: r.key == floor.alarm_room)
    pieces += [_draw_room(floor, room) for room in ordered]
    for door in floor.doors:
        path = f"M{px(door.x1)} {px(door.y1)}L{px(door.x2)} {px(door.y2)}"
        pieces.append(el("path", {"class": "door", "d": path}))
    for room in floor.rooms:
        pieces += _names(floor, room)
        pieces += _sensors(floor, room)
        if room.key == floor.alarm_room:
            pieces.append(_spot(room))
    attributes = {"class": "plan", "viewBox": view, "role": "img", "aria-label": _words(floor)}
    return el("svg", attributes, group(pieces))


def _no_plan(floor: FloorPlan, view: str) -> SafeString:
    inset, said = 8.0, _("No floor plan yet")
    frame = el("rect", {"class": "sensor-lost", "x": px(inset), "y": px(inset),
                        "width": px(floor.width - 2 * inset),
                        "height": px(floor.height - 2 * inset)})
    text = el("text", {"x": px(floor.width / 2), "y": px(floor.height / 2),
                       "text-anchor": "middle"}, said)
    label = _("%(name)s: no floor plan yet.") % {"name": floor.name}
    return el("svg", {"class": "plan", "viewBox": view, "role": "img", "aria-label": label},
              frame, text)


def _draw_room(floor: FloorPlan, room: Room) -> SafeString:
    css = "room"
    if room.key == floor.alarm_room:
        css = "room room-alarm"
    elif room.key == floor.person_room:
        css = "room room-here"
    return el("rect", {"class": css, "x": px(room.x), "y": px(room.y), "width": px(room.width),
                       "height": px(room.height)})


def _names(floor: FloorPlan, room: Room) -> Iterator[SafeString]:
    strong = room.key in {floor.alarm_room, floor.person_room}
    name: dict[str, str | float] = {"class": "strong"} if strong else {}
    yield el("text", {**name, "x": px(room.x + 8), "y": px(room.y + 20)},
             fit(room.label, room.width - 10))
    if room.note and room.height >= 44:
        yield el("text", {"x": px(room.x + 8), "y": px(room.y + 20 + LINE_PX)},
                 fit(room.note, room.width - 12))


def _sensors(floor: FloorPlan, room: Room) -> Iterator[SafeString]:
    here = [s for s in floor.sensors if s.room == room.key]
    rows = max(1, int((room.height - 30 - (LINE_PX if room.note else 0)) // LINE_PX))
    for index, sensor in enumerate(here):
        column, row = divmod(index, rows)
        x = sensor.x if sensor.x is not None else room.x + 14 + column * room.width / 2
        y = sensor.y if sensor.y is not None else room.y + room.height - 12 - row * LINE_PX
        if x > room.x + room.width - 6 or y < room.y + 6:
            continue
        css = "sensor-lost" if sensor.lost else "sensor"
        yield el("circle", {"class": css, "cx": px(x), "cy": px(y), "r": "5"})
        to_wall = room.x + room.width - x - 10
        shown = _said(sensor, min(to_wall, room.width / 2 - 10) if len(here) > rows else to_wall)
        if shown:
            yield el("text", {"x": px(x + 9), "y": px(y + 4)}, shown)


def _said(sensor: Sensor, width: float) -> str:
    """Return the sensor's words; that it is lost matters more than what it is."""
    if not sensor.lost:
        return fit(sensor.label, width)
    whole = _("%(sensor)s lost") % {"sensor": sensor.label}
    return whole if fit(whole, width) == whole else fit(_("lost"), width)


def _spot(room: Room) -> SafeString:
    """Draw where the alarm is: beside the room's name, below it where both do not fit."""
    beside = 8 + width_of(fit(room.label, room.width - 10)) + 28 <= room.width
    return el("circle", {"class": "spot", "cx": px(room.x + room.width - 18),
                         "cy": px(room.y + min(room.height - 14, 18 if beside else 34)), "r": "8"})


def width_of(words: str, letter: float = LETTER_PX) -> float:
    """Return about how wide words are: a hanzi as wide as it is high, other signs half of it."""
    return sum(letter if ord(sign) > 0x2E7F else letter * 0.56 for sign in words)


def fit(words: str, width: float, letter: float = LETTER_PX) -> str:
    """Return as much of the words as fits a width; an ellipsis when they are cut, "" for none."""
    room = width
    for index, sign in enumerate(words):
        room -= width_of(sign, letter)
        if room < 0:
            return words[: index - 1] + "…" if index > 1 else ""
    return words


def _words(floor: FloorPlan) -> str:
    labels = {room.key: room.label for room in floor.rooms}
    said = [_("Floor plan, %(name)s: %(rooms)s.") % {
        "name": floor.name, "rooms": _(", ").join(labels.values())}]
    if floor.alarm_room in labels:
        said.append(_("The alarm is in: %(room)s.") % {"room": labels[floor.alarm_room]})
    if floor.person_room in labels:
        said.append(_("Last seen in: %(room)s.") % {"room": labels[floor.person_room]})
    lost = [f"{labels.get(s.room, '')} {s.label}".strip() for s in floor.sensors if s.lost]
    if lost:
        said.append(_("Lost sensors: %(sensors)s.") % {"sensors": _(", ").join(lost)})
    return join(said)
