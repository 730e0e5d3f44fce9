"""Fixed samples for the style gallery: always the same picture, nothing from a database."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.kit import charts
from songhe.kit.forms import KitForm
from songhe.kit.tables import Column, Table

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 2, 14, 16, tzinfo=ZONE)
_PRESSURES = (
    (1.7, 137, 80), (4.2, 132, 77), (5.3, 138, 77), (9.2, 134, 75), (10.3, 125, 71),
    (11.7, 122, 81), (19.2, 132, 78), (20.3, 130, 81), (21.7, 127, 74), (22.8, 131, 76),
    (25.3, 131, 73), (26.7, 128, 74), (27.8, 135, 72), (29.2, 134, 77), (30.3, 138, 77),
    (31.7, 143, 81), (32.8, 142, 82),
)


class SampleForm(KitForm):
    """Shows a field with a mistake, a group of choices, a box and a wide field."""

    units: ClassVar[dict[str, Any]] = {"systolic": "mmHg"}
    systolic = forms.IntegerField(
        label=gettext_lazy("Systolic pressure"),
        help_text=gettext_lazy("The upper, larger number"),
        min_value=40,
        max_value=300,
        error_messages={"required": gettext_lazy("Write the systolic pressure, for example 132")},
    )
    rested = forms.ChoiceField(
        label=gettext_lazy("Rested before measuring?"),
        choices=(("yes", gettext_lazy("Rested 5 minutes")), ("no", gettext_lazy("No"))),
        widget=forms.RadioSelect,
    )
    told = forms.BooleanField(label=gettext_lazy("The family has been told"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea)


class SampleTable(Table):
    """Shows sort links, times, numbers with units, and a value that is not known."""

    columns = (
        Column("place", gettext_lazy("Place"), value=lambda r: r["place"], sort="place"),
        Column("seen", gettext_lazy("Last seen"), value=lambda r: r["seen"], kind="time",
               sort="seen"),
        Column("battery", gettext_lazy("Battery"), value=lambda r: r["battery"], kind="number",
               unit="%", second=lambda r: r["note"]),
    )
    caption = gettext_lazy("Devices")
    empty = gettext_lazy("No devices here yet")
    per_page = 3
    default_sort = "place"


def context(request: HttpRequest, zone: tzinfo = ZONE) -> dict[str, Any]:
    """Return what the gallery template shows."""
    return {
        "themes": (("light", _("Light")), ("dark", _("Dark"))),
        "priorities": ("high", "medium", "low", "unknown"),
        "swatches": _swatches(),
        "key": [("reading", _("one reading, systolic over diastolic")), ("own", _("own baseline")),
                ("", _("target 90–150")), ("gap", _("no data"))],
        "day_key": [("own", _("in bed")), ("in", _("active in the room")),
                    ("out", _("out of the home")), ("gap", _("not known"))],
        "alarms": _alarms(),
        "facts": [_("Moderate disability (level 2)"), _("Lives alone"), _("Home care bed")],
        "risks": [_("Penicillin allergy"), _("Hypertension grade 3"), _("High fall risk"),
                  _("Hard of hearing, speak up"), _("Takes anticoagulants")],
        "timeline": _timeline(),
        "tabs": [(_("Now"), "#now", True), (_("Medication"), "#medication", False),
                 (_("Devices"), "#devices", False)],
        "crumbs": [(_("People"), "#people"), (_("Chen Xiulan"), "")],
        "form": _form(),
        "table": SampleTable(request, _devices()),
        "empty_table": SampleTable(request, []),
        "pictures": pictures(zone),
        "until": NOW + timedelta(seconds=32),
    }


def _alarms() -> list[dict[str, Any]]:
    return [
        {"priority": "high", "state": "unacknowledged", "since": "01:28",
         "what": _("Critical blood pressure 186/112"),
         "who": _("Chen Xiulan, 82, lives alone, Building 3, Room 402, Guihuali"),
         "done": _("Bedroom monitor. Nobody has answered, goes to the shift lead in 32 seconds")},
        {"priority": "medium", "state": "acknowledged", "since": "19:02",
         "what": _("620 m outside the fence"),
         "who": _("Zhao **, 79, dementia, Nanqiao"),
         "done": _("Worker Liu is on the way, about 4 minutes")},
        {"priority": "low", "state": "unacknowledged", "since": "08:55",
         "what": _("Door opened at night"),
         "who": _("Zhou **, 81, lives alone, Building 1, Room 203, Guihuali"),
         "done": _("Door contact. Open 02:05, closed 02:06, back in the bedroom")},
        {"priority": "unknown", "state": "unacknowledged", "since": "31:20",
         "what": _("Sensors of 14 homes of a village are silent"),
         "who": _("Wanghe village, Yunling, merged into one incident"),
         "done": _("Perhaps a power cut. This does not mean that all is well")},
    ]


def _swatches() -> list[tuple[str, str, str]]:
    return [
        ("page", _("Feather"), _("pages")), ("surface", _("White feather"), _("panels")),
        ("ink", _("Ink"), _("writing")), ("pine", _("Pine"), _("what can be done")),
        ("crown", _("Vermilion"), _("high alarm and SOS, only")),
        ("apricot", _("Apricot"), _("medium")), ("azure", _("Azure"), _("low")),
        ("mist", _("Mist"), _("not known")), ("plum", _("Plum"), _("mistakes, voided")),
        ("own", _("Pine shade"), _("own baseline")),
    ]


def _timeline() -> list[dict[str, str]]:
    return [
        {"time": "02:05", "text": _("Left the bed, bathroom light on"), "kind": ""},
        {"time": "02:06", "text": _("Bathroom sensor silent, not known how long she stayed"),
         "kind": "unknown"},
        {"time": "02:12", "text": _("Blood pressure 186/112, alarm"), "kind": "alarm"},
        {"time": "02:14", "text": _("Operator Sun answered"), "kind": "done",
         "note": _("Called her: she is sitting, no chest pain")},
    ]


def _form() -> SampleForm:
    form = SampleForm(data={"systolic": "", "rested": "yes", "note": ""}, auto_id="sample_%s")
    form.is_valid()
    return form


def _devices() -> list[dict[str, Any]]:
    return [
        {"place": _("Bedroom mattress"), "seen": NOW, "battery": 100, "note": ""},
        {"place": _("Hall door contact"), "seen": NOW - timedelta(minutes=84), "battery": 4,
         "note": _("replace the battery")},
        {"place": _("Kitchen smoke detector"), "seen": NOW - timedelta(days=3), "battery": None,
         "note": ""},
        {"place": _("Wrist band"), "seen": NOW - timedelta(hours=26), "battery": 61, "note": ""},
    ]


def pictures(zone: tzinfo) -> dict[str, SafeString]:
    """Return every chart of the kit, drawn from the samples."""
    pressure = _pressure(zone)
    glucose = _glucose(zone)
    steps = _steps(zone)
    home = _day(zone)
    nothing = charts.LineChart(
        name=_("Oxygen saturation"), unit="%", start=NOW - timedelta(days=7), end=NOW, zone=zone,
        bands=[charts.Band(94, 100)], now=NOW, height=132)
    evening = NOW.replace(hour=19, minute=0, second=0) - timedelta(days=1)
    return {
        "rods": charts.rods(pressure),
        "rods_table": charts.table(pressure),
        "line": charts.line(glucose),
        "line_table": charts.table(glucose),
        "heart": charts.line(_heart(zone)),
        "nothing": charts.line(nothing),
        "bars": charts.bars(steps),
        "bars_table": charts.table(steps),
        "day": charts.day(home),
        "day_table": charts.day_table(home),
        "plan": charts.plan(_plan()),
        "no_plan": charts.plan(charts.FloorPlan(_("home"), 320, 96, ())),
        "district": charts.district(_district()),
        "night": charts.night(_night(evening), evening, evening + timedelta(hours=12), zone),
    }


def _pressure(zone: tzinfo) -> charts.RodChart:
    start = datetime(2026, 11, 8, 4, tzinfo=ZONE)
    rods = [charts.Rod(start + timedelta(hours=h * 10), up, low) for h, up, low in _PRESSURES]
    raised = charts.Rod(datetime(2026, 11, 22, 2, 12, 40, tzinfo=ZONE), 186, 112, alarm=True)
    return charts.RodChart(
        name=_("Blood pressure"), unit="mmHg", start=start, end=NOW, zone=zone,
        rods=[*rods, raised], bands=[charts.Band(90, 150)],
        own=[charts.Band(128, 142), charts.Band(72, 82)],
        limits=[charts.Limit(180, _("critical line"))], gap_after=timedelta(hours=60),
        events=[charts.Event(datetime(2026, 11, 19, 9, tzinfo=ZONE), _("new dose"))], now=NOW)


def _glucose(zone: tzinfo) -> charts.LineChart:
    start = datetime(2026, 11, 21, 0, tzinfo=ZONE)
    points = []
    for n in range(288):
        hour = n / 12
        if 14.4 < hour < 15.8 or hour > 22:
            continue
        meals = sum(3.4 * math.exp(-((hour - at - 1) ** 2) / 0.9) for at in (7, 12, 18))
        drop = max(0.0, hour - 20.2) * 1.35
        value = 5.4 + meals + 0.18 * math.sin(n / 2.3) - drop
        points.append(charts.Point(start + timedelta(minutes=5 * n), value))
    low = charts.Point(start + timedelta(hours=22), 2.9, alarm=True)
    return charts.LineChart(
        name=_("Glucose"), unit="mmol/L", start=start, end=start + timedelta(days=1), zone=zone,
        decimals=1, points=[*points[:-1], low], bands=[charts.Band(3.9, 10)],
        limits=[charts.Limit(3.9, _("low line"))], gap_after=timedelta(minutes=30),
        events=[charts.Event(start + timedelta(hours=h), w)
                for h, w in ((7, _("breakfast")), (12, _("lunch")), (18, _("supper")))],
        now=start + timedelta(hours=22))


def _heart(zone: tzinfo) -> charts.LineChart:
    start = NOW - timedelta(days=30)
    values = [73, 76, 71, 75, 72, 72, 77, 73, 73, 75, 75, 73, 74, 71, 72, 72, 70, 70, 69, 72,
              73, 72, 73, 70, 73, 74, 75, 71, 72, 69]
    points = [charts.Point(start + timedelta(days=n, hours=7), v) for n, v in enumerate(values)]
    return charts.LineChart(
        name=_("Heart rate"), unit=_("/min"), start=start, end=NOW, zone=zone, points=points,
        bands=[charts.Band(55, 90)], own=[charts.Band(68, 80)], gap_after=timedelta(days=2),
        now=NOW, height=132)


def _steps(zone: tzinfo) -> charts.BarChart:
    start = datetime(2026, 11, 21, 0, tzinfo=ZONE)
    steps: list[float | None] = [0, 0, 24, 0, 0, 0, 180, 420, 310, 260, 640, 880, 510, 90, None,
                                 None, 230, 340, 410, 180, 60, 20, 0, 0]
    bars = [charts.Bar(start + timedelta(hours=n), v) for n, v in enumerate(steps)]
    return charts.BarChart(name=_("Steps"), unit=_("steps"), start=start,
                           end=start + timedelta(days=1), zone=zone, bars=bars,
                           now=start + timedelta(hours=21, minutes=30))


def _at(hour: float) -> datetime:
    return datetime(2026, 11, 21, tzinfo=ZONE) + timedelta(hours=hour)


def _day(zone: tzinfo) -> charts.DayPicture:
    def lane(label: str, kind: Any, *stretches: tuple[float, float]) -> charts.Lane:
        return charts.Lane(label, [charts.Span(_at(a), _at(b), kind) for a, b in stretches])

    out = lane(_("Out"), "out", (11.45, 12.2))
    unknown = charts.Span(_at(14.4), _at(15.8), "unknown")
    return charts.DayPicture(
        day=date(2026, 11, 21), zone=zone, now=_at(16.5),
        lanes=[
            lane(_("Bedroom"), "soft", (0, 2.1), (2.25, 6.53), (12.8, 14.1)),
            lane(_("Living room"), "in", (6.9, 7.5), (8.3, 9.6), (11.2, 11.4), (15.9, 16.2)),
            lane(_("Kitchen"), "in", (6.6, 6.9), (7.5, 8)),
            lane(_("Bathroom"), "in", (2.1, 2.25), (6.53, 6.62), (9.9, 10.8), (14.1, 14.2)),
            charts.Lane(out.label, [*out.spans, unknown]),
        ],
        events=[charts.Event(_at(8.08), _("medicine")), charts.Event(_at(10), _("Liu comes")),
                charts.Event(_at(12), _("lunch"))])


def _plan() -> charts.FloorPlan:
    return charts.FloorPlan(
        _("Building 3, Room 402"), 320, 176, alarm_room="bedroom",
        rooms=[
            charts.Room("bedroom", _("Bedroom"), 8, 8, 136, 92, _("here at 02:12")),
            charts.Room("kitchen", _("Kitchen"), 8, 100, 80, 68),
            charts.Room("bathroom", _("Bathroom"), 88, 100, 72, 68),
            charts.Room("living", _("Living room"), 160, 8, 96, 160),
            charts.Room("balcony", _("Balcony"), 256, 8, 56, 84),
            charts.Room("hall", _("Hall"), 256, 92, 56, 76),
        ],
        doors=[charts.Door(144, 62, 144, 88), charts.Door(108, 100, 132, 100),
               charts.Door(88, 126, 88, 150), charts.Door(256, 44, 256, 68),
               charts.Door(256, 118, 256, 142), charts.Door(312, 138, 312, 158)],
        sensors=[charts.Sensor("bedroom", _("mattress")), charts.Sensor("kitchen", _("smoke")),
                 charts.Sensor("bathroom", _("motion"), lost=True),
                 charts.Sensor("living", _("motion")), charts.Sensor("hall", _("door"))])


def _district() -> charts.District:
    def town(code: str, label: str, names: list[str]) -> charts.Town:
        return charts.Town(code, label, [
            charts.Community(f"{code}{n:03d}", name, _SPOTS.get((code, n), ()),
                             href=f"#{code}{n:03d}", here=(code, n) == ("001", 1))
            for n, name in enumerate(names, 1)])

    return charts.District(_("the demonstration county"), [
        town("001", _("Yunling"), [_("Guihuali"), _("Dongguan"), _("Nanqiao"), _("Wanghe")]),
        town("002", _("Heshan"), [_("Songlin"), _("Shibanjie"), _("Beimen"), _("Liujing")]),
    ])


_SPOTS: dict[tuple[str, int], list[charts.Spots]] = {
    ("001", 1): [charts.Spots("high", 1), charts.Spots("low", 1)],
    ("001", 3): [charts.Spots("medium", 1, unacknowledged=False)],
    ("001", 4): [charts.Spots("unknown", 14)],
    ("002", 2): [charts.Spots("medium", 2)],
}


def _night(evening: datetime) -> list[charts.Span]:
    def stretch(a: float, b: float, kind: Any) -> charts.Span:
        return charts.Span(evening + timedelta(hours=a), evening + timedelta(hours=b), kind)

    return [stretch(2.2, 4.6, "soft"), stretch(4.6, 4.8, "in"), stretch(4.8, 6, "soft"),
            stretch(6, 7.2, "unknown")]
