"""Builders for tests: photographs with EXIF, recordings, and a kind of file of a person."""

from __future__ import annotations

import io
from datetime import datetime

import numpy as np
from PIL import ExifTags, Image

from songhe.base.files import kinds
from songhe.base.files.kinds import FileKind
from songhe.base.files.media import Media

PHOTO = "tests.photo"


def declare_kinds() -> None:
    """Declare a kind of our own, opened by who may view the person.

    Its wall stands where it is declared before the test database is made, as apps do.
    """
    if kinds.known(PHOTO) is None:
        everything = frozenset(Media)
        kinds.declare(
            FileKind(
                PHOTO,
                ref="people.Person",
                views=("people.view_person",),
                needs="identity",
                media=everything,
            )
        )


def scene(seed: int = 1, *, width: int = 640, height: int = 480) -> Image.Image:
    """Return a picture of smooth light and shade that another seed does not make."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def photograph(
    picture: Image.Image | None = None,
    *,
    kind: str = "JPEG",
    taken: str = "2026:11:22 14:30:05",
    offset: str = "+08:00",
    orientation: int = 1,
    quality: int = 90,
) -> bytes:
    """Return a picture as a phone writes it: with time, place (30.5 N, 120.25 E) and device."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "HUAWEI"
    exif[ExifTags.Base.Model] = "NOH-AN00"
    exif[ExifTags.Base.Orientation] = orientation
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = taken
    if offset:
        inner[ExifTags.Base.OffsetTimeOriginal] = offset
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (30.0, 30.0, 0.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (120.0, 15.0, 0.0)
    place[ExifTags.GPS.GPSHPositioningError] = 5.0
    out = io.BytesIO()
    (picture or scene()).save(out, kind, exif=exif, quality=quality)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    """Return a picture, decoded."""
    return Image.open(io.BytesIO(content))


def pdf(more: bytes = b"") -> bytes:
    """Return a small PDF, with more inside."""
    return b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n" + more + b"\ntrailer<<>>\n%%EOF\n"


def moment(text: str) -> datetime:
    """Return a moment of China."""
    return datetime.fromisoformat(f"{text}+08:00")
