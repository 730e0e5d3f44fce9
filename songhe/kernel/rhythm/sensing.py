"""What a sensor of any home tells: room and thing by words, never by the home's own list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

# Channels are what sensors of different homes have in common.
CHANNELS = (
    "front", "bed", "bedroom", "seat", "living", "flush", "toilet", "shower", "basin", "bathroom",
    "fridge", "heat", "crockery", "kitchen", "hall", "other",
)  # fmt: skip
ROOMS: dict[str, str] = {
    "front": "entrance", "bed": "bedroom", "bedroom": "bedroom", "seat": "living",
    "living": "living", "flush": "bath", "toilet": "bath", "shower": "bath", "basin": "bath",
    "bathroom": "bath", "fridge": "kitchen", "heat": "kitchen", "crockery": "kitchen",
    "kitchen": "kitchen", "hall": "hall", "other": "other",
}  # fmt: skip
# The first line that fits decides. Things stand above rooms, and rooms above halls, for the door
# between hall and bathroom (HallBathroomDoor) tells of the bathroom.
_WORDS: tuple[tuple[str, str], ...] = (
    ("flush", r"flush|cistern|冲水"),
    ("front", r"front ?door|main ?door|outside ?door|outdoor|entrance|entry|\bkeys?\b"
     r"|street ?door|入户|大门|玄关"),
    ("seat", r"\bseat|couch|sofa|arm ?chair|lounge ?chair|recliner|\bchair|沙发|椅"),
    ("bed", r"\bbed\b|bed ?(left|right|mat|pad|pressure|sensor)|mattress"
     r"|pressure ?mat ?bed|床垫|床带"),
    ("shower", r"shower|bath ?tub|\btub\b|淋浴|浴缸"),
    ("toilet", r"toilet|\bwc\b|lavatory|马桶|厕"),
    ("fridge", r"fridge|freezer|refrigerator|冰箱"),
    ("heat", r"micro ?wave|stove|\boven|cook ?top|cooker|\bhob\b|toaster|kettle|rice ?cooker"
     r"|pans?\b|pans ?cup|saucepan|burner|微波炉|灶|电饭|水壶|烤箱"),
    ("washing", r"washing ?machine|laundry|dryer|洗衣"),
    ("crockery", r"plate|cups?\b|cups ?cup|cutl[ea]r|crockery|dish|grocer|cup ?board ?cups|碗|橱"),
    ("basin", r"basin|bath\w* ?sink|sink ?top|tooth|洗手|洗脸"),
    ("dresser", r"dresser|wardrobe|closet|衣柜"),
    ("bedroom", r"bed ?room|sleeping|卧室"),
    ("bathroom", r"bath|卫生间|浴室"),
    ("cupboard", r"cup ?board|drawer|柜|抽屉"),
    ("kitchen", r"kitchen|sink|dining|厨房|餐"),
    ("living", r"living|lounge|\btv\b|television|piano|work ?area|study|office"
     r"|desk|客厅|电视|书房"),
    ("hall", r"hall|corridor|stair|aisle|走廊|过道"),
)  # fmt: skip
_PLACES = ("kitchen", "bathroom", "bedroom", "living", "hall")
_SHARED = {"washing": "other", "dresser": "bedroom", "cupboard": "crockery"}


class Fired(msgspec.Struct, frozen=True, gc=False):
    """A sensor that showed life: from when until when (both epoch microseconds), and its channel.

    until_us is at_us where a sensor only tells that it fired. room: an id of its own, such as that
    of a place, by which two rooms at once are told apart; the channel's room where none is known.
    """

    at_us: int
    until_us: int
    channel: str
    room: str = ""

    @property
    def where(self) -> str:
        """Return the room it tells of."""
        return self.room or ROOMS[self.channel]


@lru_cache(maxsize=4096)
def channel_of(*words: str) -> str:
    """Return the channel that a sensor's names tell of: what it is, its type, its room.

    Words are English or Chinese, glued or apart: ("HallToiletDoor",), ("Basin", "PIR", "Bathroom").
    """
    text = " ".join(_apart(word) for word in words if word)
    place = next((name for name in _PLACES if any(_is(name, word) for word in words[1:])), "")
    for name, pattern in _WORDS:
        if re.search(pattern, text) is None:
            continue
        if name == "cupboard" and place in ("bathroom", "bedroom"):
            return place
        if name == "toilet" and place == "kitchen":
            continue
        return _SHARED.get(name, name)
    return "other"


def _apart(word: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-/().]+|(?<=[A-Za-z])(?=\d)", " ", word)
    return re.sub(r"\s+", " ", spaced).strip().lower()


def _is(place: str, word: str) -> bool:
    pattern = dict(_WORDS)[place]
    return re.search(pattern, _apart(word)) is not None


# What a reading of the platform is, by its code's key and the kind of the room it is in.
_BY_CODE = {"bed": "bed", "door": "", "motion": "", "power": "", "item-use": "", "vibration": ""}
_ROOM_CHANNEL = {
    "kitchen": "kitchen", "bathroom": "bathroom", "toilet": "toilet", "bedroom": "bedroom",
    "living": "living", "hall": "hall", "entrance": "front", "bed": "bedroom", "": "other",
}  # fmt: skip


def channel_of_device(code_key: str, room_kind: str = "", name: str = "") -> str | None:
    """Return the channel of one of our own devices, None when its readings are no sign of life.

    code_key: bed, door, motion, power, item-use or vibration. A door in the hall, or in no room, is
    the front door; any other door tells of its room.
    """
    if code_key not in _BY_CODE:
        return None
    if code_key == "bed":
        return "bed"
    named = channel_of(name, room_kind) if name else "other"
    if code_key == "door" and room_kind in ("", "hall", "entrance") and named in ("other", "hall"):
        return "front"
    if named not in ("other", "hall") and code_key in ("power", "item-use", "vibration", "door"):
        return named
    channel = _ROOM_CHANNEL.get(room_kind, "other")
    return "hall" if channel == "front" else channel


def in_order(events: Iterable[Fired]) -> list[Fired]:
    """Return events by their beginning, longest first where they begin together."""
    return sorted(events, key=lambda e: (e.at_us, -e.until_us, e.channel))


def between(events: Sequence[Fired], from_us: int, until_us: int) -> list[Fired]:
    """Return the events that begin within [from_us, until_us)."""
    return [event for event in events if from_us <= event.at_us < until_us]
