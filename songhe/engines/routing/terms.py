"""What is planned and what a plan is: visits, workers, a plan, its conflicts and its figures.

Times are whole minutes since the plan's beginning, a local midnight: 08:00 of the second day is
1920. Whoever calls turns wall clock times into minutes; the engine knows no time zone.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import msgspec
import yaml

from songhe.kernel.geo import Point

DAY_MINUTES = 1440
Period = tuple[int, int]


class Mode(msgspec.Struct, frozen=True):
    """A means of travel: km/h from door to door, road over straight line, minutes at each door."""

    speed_kmh: float
    detour: float
    fixed_minutes: int


class Weights(msgspec.Struct, frozen=True):
    """What counts how much, in minutes on the way; facts.yaml says what each is."""

    late: float
    stranger: float
    face: float
    wish: float
    uneven: float
    unserved: float
    moved: float
    shifted: float


@cache
def _facts() -> dict[str, Any]:
    text = files("songhe.engines.routing").joinpath("facts.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def usual_modes() -> dict[str, Mode]:
    """Return foot, bicycle, scooter and car as facts.yaml has them (status E)."""
    return {name: msgspec.convert(one, Mode) for name, one in _facts()["modes"].items()}


def usual_weights() -> Weights:
    """Return the weights of facts.yaml (status E)."""
    return msgspec.convert(_facts()["weights"], Weights)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done at a person's place.

    windows: when it may begin, both ends included; on one day or several, of which one is chosen.
    late_minutes: by how much it may begin after a window's end where it must (counted, dear).
    workers: how many at once; 2 begin together. gender: whom the person wishes; a must or a wish.
    known: who usually comes. pinned_workers, pinned_start: what a planner has laid down by hand.
    priority: times the weight of a visit that nobody makes; 1 usual.
    """

    id: str
    person: str
    place: Point
    minutes: int
    windows: tuple[Period, ...]
    late_minutes: int = 0
    skills: frozenset[str] = frozenset()
    workers: int = 1
    gender: str = ""
    is_gender_must: bool = False
    known: frozenset[str] = frozenset()
    pinned_workers: tuple[str, ...] = ()
    pinned_start: int | None = None
    priority: int = 1


class Break(msgspec.Struct, frozen=True):
    """A rest of so many minutes, not before `earliest` and over at `latest`.

    At home before leaving or after coming back is good as well. It falls away where periods that
    are taken leave no room for it, or where the worker is away until the shift ends.
    """

    earliest: int
    latest: int
    minutes: int


class Shift(msgspec.Struct, frozen=True):
    """From leaving home at the earliest to being home again at the latest."""

    start: int
    end: int
    breaks: tuple[Break, ...] = ()


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who makes visits. A day without a shift is a day off; a shift lies in one day.

    home: where a shift begins and ends. busy: periods that are taken. max_day_minutes and
    max_week_minutes bound work, which is care and ways (waiting and rests are not).
    """

    id: str
    home: Point
    mode: str
    shifts: tuple[Shift, ...]
    skills: frozenset[str] = frozenset()
    gender: str = ""
    busy: tuple[Period, ...] = ()
    max_day_minutes: int = 480
    max_week_minutes: int = 2400


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One planning task; the same file for every planner.

    grid_minutes: visits begin on multiples of so many minutes (5: 08:00, 08:05), wherever the
    planner chooses. What is laid down by hand, was told, or may begin at no such minute is kept.
    """

    visits: tuple[Visit, ...]
    workers: tuple[Worker, ...]
    modes: dict[str, Mode] = msgspec.field(default_factory=usual_modes)
    weights: Weights = msgspec.field(default_factory=usual_weights)
    grid_minutes: Annotated[int, msgspec.Meta(ge=1)] = 1

    def to_json(self) -> bytes:
        """Return the instance as an indented JSON file, the same bytes for the same instance."""
        return msgspec.json.format(msgspec.json.encode(self, order="deterministic")) + b"\n"

    @classmethod
    def from_json(cls, text: bytes) -> Instance:
        """Read what `to_json` wrote; msgspec.ValidationError says what is wrong with it."""
        return msgspec.json.decode(text, type=cls)


class Placement(msgspec.Struct, frozen=True, order=True):
    """Who makes a visit from when: all that a plan decides. Two for a visit of two workers."""

    visit: str
    worker: str
    start: int


class Why(StrEnum):
    """Why this worker."""

    PINNED = "pinned"
    ONLY_ABLE = "only_able"  # nobody else has the skills (or is whom the person insists on)
    ONLY_FREE = "only_free"  # nobody else of those who could has room
    USUAL = "usual"  # comes usually
    WISH = "wish"  # the gender that was wished, and the second best is not
    NEAREST = "nearest"  # least added way of all
    BALANCE = "balance"  # the second best has more to do already
    OVERALL = "overall"  # best together with everything else


class Explanation(msgspec.Struct, frozen=True):
    """Why this worker, who would be next, and what that would cost more (minutes on the way).

    usual: where nobody of those comes who usually do, the one for whom it would cost least, or any
    where none could; usual_way_minutes_more: her minutes more on the way, None where she could not.
    """

    why: tuple[Why, ...]
    second: str = ""
    second_costs_more: float = 0.0
    second_way_minutes_more: int = 0
    usual: str = ""
    usual_way_minutes_more: int | None = None


class Assignment(msgspec.Struct, frozen=True):
    """One worker at one visit. way_minutes: travel to it; late_minutes: after the window's end."""

    visit: str
    worker: str
    arrive: int
    start: int
    end: int
    way_minutes: int
    late_minutes: int
    explanation: Explanation | None = None


class Tour(msgspec.Struct, frozen=True):
    """One shift of one worker: when she leaves and is home again, in which order, which rests."""

    worker: str
    shift: int
    leaves: int
    returns: int
    way_minutes: int
    care_minutes: int
    visits: tuple[str, ...]
    rests: tuple[Period, ...]


class Reason(StrEnum):
    """Why a visit is made by nobody."""

    PINNED = "pinned_conflict"  # as it was laid down by hand it cannot be
    NO_SKILL = "no_skill"  # nobody has the skills
    NO_GENDER = "no_gender"  # of those nobody is whom the person insists on
    NO_PAIR = "no_pair"  # two are needed and there is one
    NO_SHIFT = "no_one_in_window"  # who could does not work then, or cannot get there
    HOURS = "hours_full"  # who could has worked the hours of the day or the week
    TAKEN = "all_taken"  # who could is with somebody else


class Unserved(msgspec.Struct, frozen=True):
    """A visit nobody makes, and why; able: how many workers could but for time."""

    visit: str
    reason: Reason
    able: int = 0


class Figures(msgspec.Struct, frozen=True):
    """A plan in numbers. Shares are 0 to 1, and 1 where nothing was to be met.

    continuity_share: of the assignments for people with usual workers, those by one of them.
    wishes_share: of the assignments with a wished gender, those met. load_spread: standard
    deviation of work over the worker's own weekly maximum. faces: different workers a person.
    """

    travel_minutes: int
    care_minutes: int
    late_minutes: int
    served: int
    unserved: int
    continuity_share: float
    wishes_share: float
    load_spread: float
    faces: float
    cost: float


class Plan(msgspec.Struct, frozen=True):
    """Who goes when and where. Visits are in assignments or in unserved, never in both."""

    assignments: tuple[Assignment, ...]
    tours: tuple[Tour, ...]
    unserved: tuple[Unserved, ...]
    figures: Figures

    @property
    def placements(self) -> tuple[Placement, ...]:
        """Return what the plan decides, without what follows from it."""
        return tuple(Placement(one.visit, one.worker, one.start) for one in self.assignments)


class Code(StrEnum):
    """What is wrong with a plan."""

    UNKNOWN = "unknown"  # no such visit or worker
    TWICE = "twice"  # more placements than workers are needed
    PAIR = "pair"  # two are needed: one is missing, or they do not begin together
    SKILL = "skill"
    GENDER = "gender"
    WINDOW = "window"  # outside what was agreed
    PIN = "pin"  # not as it was laid down by hand
    SHIFT = "shift"  # outside the worker's shifts, the ways from and to home included
    BUSY = "busy"  # in a period that is taken
    OVERLAP = "overlap"  # two visits at once
    TRAVEL = "travel"  # not enough time on the way between two visits
    BREAK = "break"  # no room for a rest
    DAY_HOURS = "day_hours"
    WEEK_HOURS = "week_hours"


class Conflict(msgspec.Struct, frozen=True, order=True):
    """One hard rule that a plan breaks.

    visits: the one or two concerned (none for hours of a week). minutes: by how much, where that
    can be said (missing minutes on the way, minutes too many).
    """

    code: Code
    worker: str
    visits: tuple[str, ...] = ()
    minutes: int = 0
