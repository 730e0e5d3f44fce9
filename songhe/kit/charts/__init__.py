"""Server-made charts: a dataclass in, SVG out, with a sentence as its label and a data table.

x is in percent and y in pixels, so lines reflow and text keeps its size from 320 px to a wall.
Nothing here knows of models, requests or the clock.
"""

from songhe.kit.charts.day import DayPicture, Lane, Span, day, day_table, night
from songhe.kit.charts.district import Community, District, Spots, Town, district
from songhe.kit.charts.parts import Band, Event, Expected, Gap, Limit, Point, Rod
from songhe.kit.charts.places import PLACES_PX, Places, Spot, Way, places
from songhe.kit.charts.plans import Door, FloorPlan, Room, Sensor, floor_plan_from, plan
from songhe.kit.charts.series import Bar, BarChart, LineChart, RodChart, bars, line, rods
from songhe.kit.charts.tabulate import table
from songhe.kit.charts.words import data_table

__all__ = [
    "PLACES_PX",
    "Band",
    "Bar",
    "BarChart",
    "Community",
    "DayPicture",
    "District",
    "Door",
    "Event",
    "Expected",
    "FloorPlan",
    "Gap",
    "Lane",
    "Limit",
    "LineChart",
    "Places",
    "Point",
    "Rod",
    "RodChart",
    "Room",
    "Sensor",
    "Span",
    "Spot",
    "Spots",
    "Town",
    "Way",
    "bars",
    "data_table",
    "day",
    "day_table",
    "district",
    "floor_plan_from",
    "line",
    "night",
    "places",
    "plan",
    "rods",
    "table",
]
