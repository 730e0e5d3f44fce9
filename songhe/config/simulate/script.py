"""What happens after a start of the demo: a script for the first minutes, then by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from songhe.config.demo import places
from songhe.config.demo.county import POWER_CUT_HOMES
from songhe.config.demo.model import County, Gadget
from songhe.config.simulate import trouble as t
from songhe.config.simulate.said import Said
from songhe.config.simulate.trouble import Cast, Trouble
from songhe.kernel.time import HOUR_US, MINUTE_US, SECOND_US, minute_of_day

# Seconds after the start [E]: soon enough that a newcomer sees the desk come to life.
PRESSURE_S, BED_S, SMOKE_S, STRAY_S, SILENT_S = 10, 45, 75, 100, 150
DOOR_S, SOS_S, POWER_CUT_S = 210, 300, 480
CHANCE_FROM_S = 660
# So long that a demo started again within minutes sees it too, half an hour after its stop.
POWER_CUT_MINUTES = 32
# By chance about one trouble in four minutes, as many as one operator can live with.
MEAN_S, SHORTEST_S = 240, 100
# When a mattress, a home gateway and a band count as silent (devices/data/types.yaml).
MATTRESS_US, GATEWAY_US = HOUR_US, 30 * MINUTE_US
DEAD_BAND_US = 26 * HOUR_US


def is_bed_time(moment_us: int, zone: str) -> bool:
    """Tell whether a bed left half an hour ago was left at night and it is still night."""
    minute = minute_of_day(moment_us, zone)
    return minute >= 1352 or minute < 358


def is_door_time(moment_us: int, zone: str) -> bool:
    """Tell whether the rule of the night's door watches at this instant."""
    minute = minute_of_day(moment_us, zone)
    return minute >= 1321 or minute < 297


def opening(county: County, start_us: int, starts: int, zone: str) -> list[Trouble]:
    """Return the script of a start: the same for the same seed and number of starts."""
    cast = Cast(county, Random(f"{county.seed}:script:{starts}"))  # noqa: S311
    found = [_chen(county, start_us + PRESSURE_S * SECOND_US)]

    def at(after_s: int) -> int:
        return start_us + after_s * SECOND_US

    cut = _power_cut(county, cast, at(POWER_CUT_S))
    mattress = cast.pick("sleep-mattress", alone=True)
    if mattress and is_bed_time(at(BED_S), zone):
        found.append(t.empty_bed(at(BED_S), cast.home(mattress), mattress, 13))
    elif leak := cast.pick("water"):
        found.append(t.hazard(at(BED_S), leak, 12))
    if smoke := cast.pick("smoke"):
        found.append(t.hazard(at(SMOKE_S), smoke, 8))
    if tracker := cast.pick("tracker"):
        home, elder = cast.home(tracker), cast.elder(tracker)
        found.append(t.stray(cast.rng, at(STRAY_S), home, elder, tracker))
    if quiet := cast.pick("sleep-mattress"):
        found.append(t.silence(at(SILENT_S), [quiet], MATTRESS_US, 40))
    if band := cast.pick("band"):
        found.append(_dead_band(start_us, band))
    if is_door_time(at(DOOR_S), zone) and (door := cast.pick("door-magnet", alone=True)):
        found.append(t.night_door(at(DOOR_S), cast.home(door), door))
    if button := cast.pick("sos-button"):
        found.append(t.sos(at(SOS_S), button))
    return [*found, cut]


def _chen(county: County, at_us: int) -> Trouble:
    """Grandma Chen's pressure is critical; she measures again later, and it has come down."""
    monitor = next(g for g in county.households[0].gadgets if g.type == "bp-monitor")
    values = [(0.0, 186.0, 112.0, 92.0), (9.0, 178.0, 106.0, 88.0), (17.0, 154.0, 88.0, 82.0)]
    return t.pressure(at_us, monitor, values)


def _dead_band(start_us: int, band: Gadget) -> Trouble:
    """A band whose battery ran out yesterday and that somebody charges in three hours."""
    last = start_us - DEAD_BAND_US
    empty = t.weak_battery(last, band, 4.0).said[0]
    end = start_us + 3 * HOUR_US
    return Trouble(
        "dead band", start_us, (t.Mute(band.index, last, end),), (empty,), is_silence=True
    )


def _power_cut(county: County, cast: Cast, at_us: int) -> Trouble:
    """A village without power: everything in its homes with a gateway is silent together."""
    homes = [
        home
        for home in county.households
        if home.community == places.WANGHE
        and any(gadget.type == "home-gateway" for gadget in home.gadgets)
    ][:POWER_CUT_HOMES]
    cast.used |= {home.index for home in homes}
    gadgets = [gadget for home in homes for gadget in home.gadgets]
    return t.silence(at_us, gadgets, GATEWAY_US, POWER_CUT_MINUTES, "power cut")


def by_chance(county: County, start_us: int, starts: int, zone: str) -> Iterator[Trouble]:
    """Return troubles without end, in the order in which they should be noticed."""
    rng = Random(f"{county.seed}:chance:{starts}")  # noqa: S311
    cast = Cast(county, rng)
    recent: list[int] = []
    moment = start_us + CHANCE_FROM_S * SECOND_US
    while True:
        names, weights = zip(*_CHANCES.items(), strict=True)
        name = rng.choices(names, [weight for weight, _ in weights])[0]
        found = _CHANCES[name][1](cast, moment, zone)
        if found is not None:
            yield found
            wait_s = SHORTEST_S + rng.expovariate(1 / (MEAN_S - SHORTEST_S))
            moment += round(wait_s) * SECOND_US
        # The last forty households rest; then they may have trouble again.
        recent += [home for home in sorted(cast.used) if home and home not in recent]
        recent = recent[-40:]
        cast.used = {0, *recent}


def _high(cast: Cast, at: int, zone: str) -> Trouble | None:
    monitor = cast.pick("bp-monitor")
    if monitor is None:
        return None
    sbp, dbp = float(cast.rng.randint(152, 172)), float(cast.rng.randint(92, 102))
    values = [(-2.0, sbp, dbp, 84.0), (0.0, sbp + 3, dbp, 86.0), (22.0, 132.0, 78.0, 74.0)]
    return t.pressure(at, monitor, values)


def _low_sugar(cast: Cast, at: int, zone: str) -> Trouble | None:
    meter = cast.pick("glucose-meter")
    value = round(cast.rng.uniform(3.1, 3.8), 1)
    return t.single("low sugar", at, meter, "14743-9", [(0, value), (18, 5.8)]) if meter else None


def _high_sugar(cast: Cast, at: int, zone: str) -> Trouble | None:
    meter = cast.pick("glucose-meter")
    value = round(cast.rng.uniform(16.8, 18.9), 1)
    return t.single("high sugar", at, meter, "14743-9", [(0, value), (45, 12.4)]) if meter else None


def _low_oxygen(cast: Cast, at: int, zone: str) -> Trouble | None:
    meter = cast.pick("oximeter", lacking="copd-hypercapnic")
    values = [(-2.0, 93.0), (0.0, 92.0), (15.0, 97.0)]
    return t.single("low oxygen", at, meter, "59408-5", values) if meter else None


def _fever(cast: Cast, at: int, zone: str) -> Trouble | None:
    meter = cast.pick("thermometer")
    values = [(-3.0, 38.3), (0.0, 38.5), (40.0, 37.1)]
    return t.single("fever", at, meter, "8310-5", values) if meter else None


def _hazard(kind: str, minutes: float) -> Callable[[Cast, int, str], Trouble | None]:
    def make(cast: Cast, at: int, zone: str) -> Trouble | None:
        sensor = cast.pick(kind)
        return t.hazard(at, sensor, minutes) if sensor else None

    return make


def _sos(cast: Cast, at: int, zone: str) -> Trouble | None:
    button = cast.pick("sos-button")
    return t.sos(at, button) if button else None


def _fall(cast: Cast, at: int, zone: str) -> Trouble | None:
    band = cast.pick("band")
    return t.fall(at, band) if band else None


def _heart(cast: Cast, at: int, zone: str) -> Trouble | None:
    band = cast.pick("band")
    return t.fast_heart(cast.rng, at, band) if band else None


def _stray(cast: Cast, at: int, zone: str) -> Trouble | None:
    tracker = cast.pick("tracker")
    if tracker is None:
        return None
    return t.stray(cast.rng, at, cast.home(tracker), cast.elder(tracker), tracker)


def _bed(cast: Cast, at: int, zone: str) -> Trouble | None:
    if not is_bed_time(at, zone):
        return None
    mattress = cast.pick("sleep-mattress", alone=True)
    return (
        t.empty_bed(at, cast.home(mattress), mattress, cast.rng.uniform(4, 15))
        if mattress
        else None
    )


def _door(cast: Cast, at: int, zone: str) -> Trouble | None:
    if not is_door_time(at, zone):
        return None
    door = cast.pick("door-magnet", alone=True)
    return t.night_door(at, cast.home(door), door) if door else None


def _silent(cast: Cast, at: int, zone: str) -> Trouble | None:
    router = cast.pick("home-gateway")
    return t.silence(at, [router], GATEWAY_US, 15) if router else None


def _battery(cast: Cast, at: int, zone: str) -> Trouble | None:
    sensor = cast.pick(cast.rng.choice(("pir", "door-magnet", "sos-button", "band")))
    return t.weak_battery(at, sensor) if sensor else None


_CHANCES: dict[str, tuple[float, Callable[[Cast, int, str], Trouble | None]]] = {
    "high pressure": (18, _high),
    "low sugar": (5, _low_sugar),
    "high sugar": (2, _high_sugar),
    "low oxygen": (7, _low_oxygen),
    "fever": (5, _fever),
    "sos": (8, _sos),
    "fall": (4, _fall),
    "fast heart": (3, _heart),
    "smoke": (2, _hazard("smoke", 4)),
    "gas": (1, _hazard("gas", 3)),
    "water": (3, _hazard("water", 10)),
    "stray": (5, _stray),
    "bed": (9, _bed),
    "door": (9, _door),
    "silent": (6, _silent),
    "battery": (6, _battery),
}


class Course:
    """The troubles of a run: which messages are theirs, and which usual ones are not said."""

    def __init__(self, county: County, start_us: int, starts: int, zone: str) -> None:
        self.opening = opening(county, start_us, starts, zone)
        self._chance = by_chance(county, start_us, starts, zone)
        self._next: Trouble | None = None
        self._mutes: dict[int, list[t.Mute]] = {}
        for one in self.opening:
            self._note(one)

    def _note(self, one: Trouble) -> None:
        for mute in one.mutes:
            self._mutes.setdefault(mute.gadget, []).append(mute)

    def look_ahead(self, until_us: int) -> list[Trouble]:
        """Return the troubles by chance that begin up to an instant and were not returned yet.

        Look an hour further than is played: a silence begins long before it is noticed.
        """
        found: list[Trouble] = []
        while True:
            one = self._next or next(self._chance)
            if one.at_us > until_us:
                self._next = one
                return found
            self._next = None
            self._note(one)
            found.append(one)

    def is_said(self, said: Said) -> bool:
        """Tell whether a usual message is said, or its device is in trouble just then."""
        return not any(
            mute.since_us <= said.at_us < mute.until_us for mute in self._mutes.get(said.gadget, ())
        )
