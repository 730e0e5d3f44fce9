"""What workers' phones take at the homes of the demo county: drawn, no two alike, of nobody."""

from __future__ import annotations

import io
from random import Random

from PIL import Image, ImageDraw

_SIZE = (320, 240)
_WALLS = ("#DED7C8", "#CFD8CF", "#D9CFC4", "#CCD4DC", "#E2DACB")
_FLOORS = ("#8F7B63", "#A4927B", "#7D7468", "#9A8F80")
_THINGS = ("#6E4F3A", "#3F5E73", "#A8663F", "#5B6F4E", "#7A4A55", "#C9B458", "#444B52")


def photograph(rng: Random) -> bytes:
    """Return a picture of a corner of a room as JPEG, another one with every call."""
    wide, high = _SIZE
    picture = Image.new("RGB", _SIZE, rng.choice(_WALLS))
    pen = ImageDraw.Draw(picture)
    floor = rng.randint(130, 180)
    pen.rectangle((0, floor, wide, high), rng.choice(_FLOORS))
    left = rng.randint(10, 200)
    pen.rectangle((left, 20, left + 80, 90), "#F4F1E4", "#8A7F70", 4)
    pen.line((left + 40, 20, left + 40, 90), "#8A7F70", 3)
    for _ in range(rng.randint(4, 7)):
        x, broad, tall = rng.randint(-20, wide - 30), rng.randint(30, 110), rng.randint(25, 120)
        foot = rng.randint(floor + 4, high - 4)
        box = (x, foot - tall, x + broad, foot)
        if rng.random() < 0.7:
            pen.rounded_rectangle(box, rng.randint(2, 12), rng.choice(_THINGS))
        else:
            pen.ellipse(box, rng.choice(_THINGS))
    # Light from one side, so that two pictures of one corner differ as they do in life.
    light = Image.new("L", (6, 5))
    light.putdata([rng.randint(60, 255) for _ in range(30)])
    shade = light.resize(_SIZE, Image.Resampling.BICUBIC)
    dark = Image.new("RGB", _SIZE, "#1C1A17")
    out = io.BytesIO()
    Image.composite(picture, dark, shade).save(out, "JPEG", quality=72)
    return out.getvalue()


def signature(rng: Random) -> bytes:
    """Return a name that a finger wrote on the screen, as PNG."""
    picture = Image.new("L", (300, 110), 255)
    pen = ImageDraw.Draw(picture)
    for sign in range(rng.randint(2, 3)):
        left = 25 + sign * 85
        for _ in range(rng.randint(4, 7)):
            points = [(left + rng.randint(0, 65), rng.randint(18, 92)) for _ in range(3)]
            pen.line(points, 20, 4, joint="curve")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
