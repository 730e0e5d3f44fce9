"""Pictures: read once for what they say of themselves, then decoded and written anew.

What is kept has no EXIF, no profile, no second frame and nothing behind its end. The orientation is
applied. The fingerprint is a difference hash (dHash: 9 x 8 grey values, each against its
right-hand neighbour; N. Krawetz, 2013), 64 bits.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.utils import timezone
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from songhe.base.files.limits import limits
from songhe.base.files.media import Media, NotTaken
from songhe.kernel.errors import Invalid

_FORMATS = {Media.JPEG: "JPEG", Media.PNG: "PNG", Media.WEBP: "WEBP"}
_WIDE, _HIGH = 9, 8
BITS = 64


class TooManyPixels(Invalid):
    code = "files.too_many_pixels"
    message = "The picture has more than %(most)s million pixels. Take it with fewer."


@dataclass(frozen=True, slots=True)
class Told:
    """What a picture said of itself: when, where (WGS 84 degrees, error in m), by which device."""

    taken_at: datetime | None = None
    lat: float | None = None
    lon: float | None = None
    error_m: float | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept. fingerprint: 64 bits, None of one that is nearly empty."""

    content: bytes
    small: bytes
    width: int
    height: int
    fingerprint: int | None
    told: Told


def take(content: bytes, media: Media) -> Picture:
    """Decode a picture and write it anew. Raises NotTaken, TooManyPixels."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # EXIF that is damaged says nothing
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _taken(content, media)
    except (
        UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error, EOFError,
        Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError,
    ):  # fmt: skip
        raise NotTaken(field="file") from None


def _taken(content: bytes, media: Media) -> Picture:
    with Image.open(io.BytesIO(content), formats=[_FORMATS[media]]) as given:
        if given.width * given.height > limits()["most_pixels"]:
            raise TooManyPixels(field="file", most=limits()["most_pixels"] // 1_000_000)
        told = _told(given.getexif())
        longest = limits()["longest_px"]
        given.draft("RGB", (longest, longest))  # a JPEG is decoded no larger than it is kept
        upright = ImageOps.exif_transpose(given)
        see_through = media is not Media.JPEG and upright.has_transparency_data
        picture = upright.convert("RGBA" if see_through else "RGB")
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    clean = Image.new(picture.mode, picture.size)  # pixels alone: nothing else comes along
    clean.paste(picture)
    return Picture(
        content=_written(clean, _FORMATS[media]),
        small=_small(clean),
        width=clean.width,
        height=clean.height,
        fingerprint=fingerprint_of(clean),
        told=told,
    )


def _written(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "PNG":
        picture.save(out, "PNG", optimize=True)
    else:
        picture.save(out, kind, quality=limits()["quality"])
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def _small(picture: Image.Image) -> bytes:
    small = _on_white(picture)
    size = limits()["small_px"]
    small = ImageOps.contain(small, (min(size, small.width), min(size, small.height)))
    return _written(small, "JPEG")


def fingerprint_of(picture: Image.Image) -> int | None:
    """Return the 64 bits by which pictures that look alike are found; None of an empty one."""
    grey = _on_white(picture).convert("L").resize((_WIDE, _HIGH), Image.Resampling.BOX)
    values = np.asarray(grey, dtype=np.int16)
    bits = (values[:, 1:] > values[:, :-1]).flatten()
    set_bits = int(bits.sum())
    if not limits()["flat_bits"] <= set_bits <= BITS - limits()["flat_bits"]:
        return None
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _told(exif: Image.Exif) -> Told:
    """Return what the EXIF says (CIPA DC-008); what cannot be read is not said."""
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    names = (exif.get(ExifTags.Base.Make, ""), exif.get(ExifTags.Base.Model, ""))
    lat = _degrees(place, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    lon = _degrees(place, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    if lat is None or lon is None:
        lat = lon = None
    return Told(
        taken_at=_moment(inner),
        lat=lat,
        lon=lon,
        error_m=_number(place.get(ExifTags.GPS.GPSHPositioningError)),
        device=" ".join(str(name).strip("\x00 ") for name in names if name)[:100],
    )


def _moment(inner: dict[int, Any]) -> datetime | None:
    """Return when it was taken; without an offset it is a local time of the install."""
    text = str(inner.get(ExifTags.Base.DateTimeOriginal, "")).strip("\x00 ")
    offset = str(inner.get(ExifTags.Base.OffsetTimeOriginal, "")).strip("\x00 ")
    try:
        if offset:
            return datetime.strptime(f"{text}{offset}", "%Y:%m:%d %H:%M:%S%z")
        plain = datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - made aware below
        return timezone.make_aware(plain)
    except ValueError:
        return None


def _degrees(
    place: dict[int, Any], tag: int, ref_tag: int, negative: str, most: int
) -> float | None:
    parts = place.get(tag)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    numbers = [_number(part) for part in parts]
    if any(number is None for number in numbers):
        return None
    degrees, minutes, seconds = (number or 0.0 for number in numbers)
    value = degrees + minutes / 60 + seconds / 3600
    if not 0 <= value <= most:
        return None
    return round(-value if str(place.get(ref_tag, "")).startswith(negative) else value, 7)


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return found if np.isfinite(found) else None
