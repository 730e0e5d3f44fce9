"""Which devices a person and a home have, by rule; together about 1,500."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from songhe.config.demo.model import Elder, Gadget, RoomPlan

KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# (type, room kinds to look for in order, share of homes) [E]
HOME_SHARES: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("smoke", ("kitchen",), 0.80),
    ("gas", ("kitchen",), 0.36),
    ("door-magnet", ("hall",), 0.68),
    ("water", ("bathroom",), 0.28),
    ("home-gateway", ("hall",), 0.34),
    ("item-sensor", ("kitchen",), 0.10),
)
PIR_SHARE = 0.32
PIR_ROOMS = ("living", "kitchen", "bathroom")

Wish = tuple[str, int | None, int | None]  # type, elder's index, room's index


class Fleet:
    """Hands out devices with their public keys, in one order for the whole county."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._count = 0
        self._keys: set[str] = set()

    def make(self, household: int, wishes: Sequence[Wish]) -> tuple[Gadget, ...]:
        """Return the devices of a household."""
        found = []
        for kind, elder, room in wishes:
            index = self._count
            self._count += 1
            key = self._key()
            found.append(Gadget(index, kind, key, f"DEMO{index:05d}", household, elder, room))
        return tuple(found)

    def _key(self) -> str:
        while True:
            key = "".join(self._rng.choice(KEY_ALPHABET) for _ in range(10))
            if key not in self._keys:
                self._keys.add(key)
                return key


def room_of(rooms: Sequence[RoomPlan], *kinds: str) -> int | None:
    """Return the index of the first room of one of these kinds."""
    for kind in kinds:
        for index, room in enumerate(rooms):
            if room.kind == kind:
                return index
    return None


def of_home(
    rng: Random, rooms: Sequence[RoomPlan], *, has_gateway: bool, every_pir: bool
) -> list[Wish]:
    """Draw what stands in the rooms of a dwelling."""
    wishes: list[Wish] = []
    for kind, kinds, share in HOME_SHARES:
        wanted = rng.random() < share or (has_gateway and kind in {"home-gateway", "smoke"})
        room = room_of(rooms, *kinds)
        if wanted and room is not None:
            wishes.append((kind, None, room))
    if every_pir or rng.random() < PIR_SHARE:
        places = (room_of(rooms, kind) for kind in PIR_ROOMS)
        wishes += [("pir", None, room) for room in places if room is not None]
    return wishes


def of_elder(rng: Random, elder: Elder, rooms: Sequence[RoomPlan], *, alone: bool) -> list[Wish]:
    """Draw what a person has. In a room shared with another the mattress is the person's own."""
    traits, index = elder.traits, elder.index
    bedroom = room_of(rooms, "bedroom")
    pressure = any(trait.startswith("hypertension") for trait in traits)
    wishes: list[Wish] = []

    def draw(kind: str, share: float, *, own: bool = True, room: int | None = None) -> None:
        if rng.random() < share:
            wishes.append((kind, index if own else None, room))

    draw("bp-monitor", 0.74 if pressure else 0.22, room=bedroom)
    if "diabetes-2" in traits:
        draw("glucose-meter", 0.80)
        draw("cgm", 0.14)
    lungs = {"copd", "copd-hypercapnic", "heart-failure"} & traits
    draw("oximeter", 0.75 if lungs else 0.08)
    draw("thermometer", 0.10)
    draw("scale", 0.12)
    draw("ecg-patch", 0.20 if {"atrial-fibrillation"} & traits else 0.015)
    draw("band", 0.34)
    draw("sleep-mattress", 0.60 if elder.care_level >= 2 else 0.28, own=not alone, room=bedroom)
    if elder.living == "alone":
        draw("sos-button", 0.85, room=room_of(rooms, "bathroom"))
    else:
        draw("sos-button", 0.40, room=bedroom)
    if any(fact.code == "wandering" for fact in elder.facts):
        wishes.append(("tracker", index, None))
    return wishes


def of_resident(rng: Random, elder: Elder) -> list[Wish]:
    """Draw what a resident of the nursing home has at the bed."""
    wishes: list[Wish] = [
        ("sleep-mattress", elder.index, elder.room),
        ("sos-button", elder.index, elder.room),
    ]
    shares = (("band", 0.35), ("bp-monitor", 0.25), ("thermometer", 0.25), ("oximeter", 0.10))
    wishes += [(kind, elder.index, None) for kind, share in shares if rng.random() < share]
    return wishes
