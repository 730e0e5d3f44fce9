"""Drawn faces for the workers of the demo county: of nobody who lives, one for each login."""

from __future__ import annotations

import hashlib
import io

from PIL import Image, ImageDraw

_SIDE, _LARGE = 512, 4  # drawn four times as large, so that edges are smooth
_SKIN = ("#F2D0B4", "#EBC3A0", "#F6DCC6", "#E3B58F")
_HAIR = ("#1E1A18", "#2E2420", "#4A3B33", "#6B6661")
_WALL = ("#CFE0D6", "#DCE4EA", "#EADFCE", "#E1DCE8", "#D6E5E3")
_COAT = ("#1B5A44", "#2C6E56", "#3F7D8C", "#6A5A8C")


def portrait(login: str, gender: str) -> bytes:
    """Return a drawn portrait as PNG, 512 px square. gender: female or male."""
    seed = hashlib.sha256(f"portrait {login}".encode()).digest()
    size = _SIDE * _LARGE
    picture = Image.new("RGB", (size, size), _WALL[seed[0] % len(_WALL)])
    pen = ImageDraw.Draw(picture)

    def at(*points: float) -> list[float]:
        return [point * size for point in points]

    skin, hair = _SKIN[seed[1] % len(_SKIN)], _HAIR[seed[2] % len(_HAIR)]
    coat = _COAT[seed[3] % len(_COAT)]
    wide = 0.17 + seed[4] / 255 * 0.025
    left, right, top, chin = 0.5 - wide, 0.5 + wide, 0.22, 0.66
    if gender == "female":
        long = 0.62 + seed[5] / 255 * 0.16
        pen.rounded_rectangle(at(left - 0.05, top - 0.06, right + 0.05, long), at(0.2)[0], hair)
    pen.rounded_rectangle(at(0.16, 0.76, 0.84, 1.2), at(0.16)[0], coat)
    pen.rectangle(at(0.44, 0.6, 0.56, 0.78), skin)
    pen.polygon(at(0.4, 0.755, 0.6, 0.755, 0.5, 0.88), "#FFFFFF")
    pen.ellipse(at(left - 0.03, 0.4, left + 0.05, 0.5), skin)
    pen.ellipse(at(right - 0.05, 0.4, right + 0.03, 0.5), skin)
    pen.ellipse(at(left, top, right, chin), skin)
    pen.chord(at(left - 0.03, top - 0.06, right + 0.03, top + 0.34), 180, 360, hair)
    part = 0.42 + seed[6] / 255 * 0.16
    pen.polygon(
        at(left - 0.01, 0.28, part, 0.25, right + 0.01, 0.28, right, 0.35, part, 0.31, left, 0.35),
        hair,
    )
    _face(pen, size, seed, hair)
    out = io.BytesIO()
    picture.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _face(pen: ImageDraw.ImageDraw, size: int, seed: bytes, hair: str) -> None:
    """Draw brows, eyes, nose, a smile; sometimes glasses."""

    def box(*points: float) -> list[float]:
        return [point * size for point in points]

    line, apart = round(size * 0.011), 0.07 + seed[7] / 255 * 0.015
    for x in (0.5 - apart, 0.5 + apart):
        pen.arc(box(x - 0.04, 0.385, x + 0.04, 0.44), 205, 335, hair, line)
        pen.ellipse(box(x - 0.017, 0.425, x + 0.017, 0.46), "#241C18")
        pen.ellipse(box(x - 0.002, 0.43, x + 0.008, 0.44), "#FFFFFF")
        if seed[8] % 3 == 0:
            pen.ellipse(box(x - 0.052, 0.395, x + 0.052, 0.495), None, "#38463E", line)
    if seed[8] % 3 == 0:
        pen.line(box(0.5 - apart + 0.05, 0.44, 0.5 + apart - 0.05, 0.44), "#38463E", line)
    pen.arc(box(0.48, 0.47, 0.53, 0.53), 20, 150, "#B98B6C", line)
    deep = 0.02 + seed[9] / 255 * 0.02
    pen.chord(box(0.44, 0.545 - deep, 0.56, 0.575 + deep), 15, 165, "#A5484A")
