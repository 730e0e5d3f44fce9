"""Floor plans by rule: rectangles in metres, the bed's room first."""

from __future__ import annotations

import math

from songhe.config.demo.model import RoomPlan

# 桂花里 3 号楼 402, Grandma Chen's, and what was built from the same drawing.
FLAT = (
    RoomPlan("bedroom", "卧室", (0.0, 0.0, 4.25, 2.875)),
    RoomPlan("kitchen", "厨房", (0.0, 2.875, 2.75, 2.125)),
    RoomPlan("bathroom", "卫生间", (2.75, 2.875, 1.5, 2.125)),
    RoomPlan("living", "客厅", (4.25, 0.0, 3.5, 5.0)),
    RoomPlan("balcony", "阳台", (7.75, 0.0, 1.75, 2.625)),
    RoomPlan("hall", "门厅", (7.75, 2.625, 1.75, 2.375)),
)
SMALL_FLAT = (
    RoomPlan("bedroom", "卧室", (0.0, 0.0, 3.4, 3.2)),
    RoomPlan("kitchen", "厨房", (0.0, 3.2, 2.0, 2.0)),
    RoomPlan("bathroom", "卫生间", (2.0, 3.2, 1.4, 2.0)),
    RoomPlan("living", "客厅", (3.4, 0.0, 3.2, 3.8)),
    RoomPlan("hall", "门厅", (3.4, 3.8, 3.2, 1.4)),
)
VILLAGE_HOUSE = (
    RoomPlan("bedroom", "卧室", (0.0, 0.0, 4.0, 4.2)),
    RoomPlan("living", "堂屋", (4.0, 0.0, 4.8, 4.2)),
    RoomPlan("kitchen", "厨房", (8.8, 0.0, 3.0, 2.6)),
    RoomPlan("bathroom", "卫生间", (8.8, 2.6, 3.0, 1.6)),
    RoomPlan("hall", "院门", (4.0, 4.2, 4.8, 1.6)),
)
BED_NAME = "{room}-{bed} 床"


def nursing_home(beds: int) -> tuple[RoomPlan, ...]:
    """Return a building of two-bed rooms along a corridor, with a day room and the entrance."""
    rows = []
    wing = math.ceil(beds / 4)
    for number in range(beds):
        room, bed = divmod(number, 2)
        storey, place = divmod(room, wing)
        x = place * 4.0 + bed * 2.0
        y = 0.0 if storey == 0 else 7.0
        name = BED_NAME.format(room=f"{storey + 1}{place + 1:02d}", bed=bed + 1)
        rows.append(RoomPlan("bed", name, (x, y, 2.0, 5.0)))
    width = wing * 4.0
    rows += [
        RoomPlan("living", "活动室", (0.0, 5.0, width - 8.0, 2.0)),
        RoomPlan("hall", "大门", (width - 8.0, 5.0, 8.0, 2.0)),
        RoomPlan("kitchen", "厨房", (0.0, 12.0, 10.0, 4.0)),
    ]
    return tuple(rows)
