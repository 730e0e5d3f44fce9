"""What is taken by its content, and what a picture is when it is kept."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from songhe.base.files import pictures
from songhe.base.files.alike import bands_of, near
from songhe.base.files.media import ActiveFile, Media, NotTaken, TooLarge, media_of
from songhe.base.files.testing import moment, opened, pdf, photograph, scene

WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm" + b"\x00" * 40
OGG = b"OggS\x00\x02" + b"\x00" * 22 + b"OpusHead" + b"\x00" * 40
MP4 = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + b"\x00" * 20 + b"hdlrsoun" + b"\x00" * 30


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (photograph(), Media.JPEG),
        (photograph(kind="PNG"), Media.PNG),
        (photograph(kind="WEBP"), Media.WEBP),
        (pdf(), Media.PDF),
        (WEBM + b"A_OPUS", Media.WEBM),
        (OGG, Media.OGG),
        (MP4, Media.MP4),
    ],
)
def test_known_by_content(content: bytes, media: Media) -> None:
    assert media_of(content) is media


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a" + b"\x00" * 50,
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.4 without an end",
        b"MZ\x90\x00" + b"\x00" * 100,
        b"RIFF\x00\x00\x00\x00AVI ",
        WEBM + b"V_VP8" + b"A_OPUS",
        b"OggS" + b"\x00" * 24 + b"\x80theora",
        MP4 + b"vide",
        b"\x00\x00\x00\x20ftypheic" + b"\x00" * 40,
    ],
)
def test_what_is_not_on_the_list_is_not_taken(content: bytes) -> None:
    with pytest.raises(NotTaken):
        media_of(content)


def test_programs_in_a_pdf_and_what_is_too_large() -> None:
    with pytest.raises(ActiveFile):
        media_of(pdf(b"<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"))
    with pytest.raises(TooLarge):
        media_of(b"\xff\xd8\xff" + b"\x00" * (20 * 1024 * 1024))


def test_a_photograph_says_when_where_and_by_what_and_keeps_nothing_of_it() -> None:
    taken = pictures.take(photograph() + b"<?php hidden behind the end ?>", Media.JPEG)
    assert taken.told.taken_at == moment("2026-11-22 14:30:05")
    assert (taken.told.lat, taken.told.lon, taken.told.error_m) == (30.5, 120.25, 5.0)
    assert taken.told.device == "HUAWEI NOH-AN00"
    for content in (taken.content, taken.small):
        assert b"HUAWEI" not in content
        assert b"Exif" not in content
        assert b"hidden" not in content
        assert dict(opened(content).getexif()) == {}


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_pictures_lose_it_too(kind: str) -> None:
    media = {"PNG": Media.PNG, "WEBP": Media.WEBP}[kind]
    taken = pictures.take(photograph(kind=kind), media)
    assert taken.told.device == "HUAWEI NOH-AN00"
    assert b"HUAWEI" not in taken.content
    assert opened(taken.content).format == kind


def test_without_an_offset_the_time_is_that_of_the_place() -> None:
    taken = pictures.take(photograph(offset=""), Media.JPEG)
    assert taken.told.taken_at == moment("2026-11-22 14:30:05")
    for wrong in ("0000:00:00 00:00:00", "gestern", ""):
        assert pictures.take(photograph(taken=wrong), Media.JPEG).told.taken_at is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(orientation: int) -> None:
    upright = scene(3)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    lying = upright if back is None else upright.transpose(Image.Transpose(back))
    kept = opened(pictures.take(photograph(lying, orientation=orientation), Media.JPEG).content)
    assert kept.size == upright.size
    apart = np.abs(np.asarray(kept, dtype=int) - np.asarray(upright, dtype=int))
    assert apart.mean() < 3


def test_large_pictures_are_kept_smaller_and_see_through_stays() -> None:
    taken = pictures.take(photograph(scene(2, width=5000, height=1000)), Media.JPEG)
    assert (taken.width, taken.height) == (2560, 512)
    assert max(opened(taken.small).size) == 320
    line = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    line.paste((0, 0, 0, 255), (20, 40, 280, 60))
    out = io.BytesIO()
    line.save(out, "PNG")
    signature = pictures.take(out.getvalue(), Media.PNG)
    assert opened(signature.content).mode == "RGBA"
    assert opened(signature.small).getpixel((0, 0)) == (255, 255, 255)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        whole = kind + body
        return struct.pack(">I", len(body)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_what_would_fill_the_memory_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(pictures.TooManyPixels):
        pictures.take(bomb(8000, 8000), Media.PNG)
    with pytest.raises(NotTaken):
        pictures.take(bomb(100_000, 100_000), Media.PNG)


@given(st.binary(max_size=400), st.integers(0, 2), st.integers(0, 3000))
def test_damaged_pictures_are_refused_and_nothing_else_happens(
    noise: bytes, which: int, cut: int
) -> None:
    media = (Media.JPEG, Media.PNG, Media.WEBP)[which]
    whole = photograph(kind=("JPEG", "PNG", "WEBP")[which])
    damaged = whole[:cut] + noise + whole[cut + len(noise) :]
    try:
        taken = pictures.take(damaged, media)
    except (NotTaken, pictures.TooManyPixels):
        return
    assert opened(taken.content).size == (taken.width, taken.height)


def apart(one: int | None, other: int | None) -> int:
    assert one is not None
    assert other is not None
    return (one ^ other).bit_count()


def test_a_fingerprint_bears_scaling_and_writing_anew_and_tells_others_apart() -> None:
    first = pictures.fingerprint_of(scene(1))
    for again in (
        scene(1).resize((300, 225)),
        scene(1).convert("L"),
        opened(photograph(scene(1), quality=40)),
        ImageOps.autocontrast(scene(1)),
        Image.eval(scene(1), lambda value: min(255, value + 20)),
    ):
        assert apart(first, pictures.fingerprint_of(again)) <= 6
    others = [apart(first, pictures.fingerprint_of(scene(seed))) for seed in range(2, 60)]
    assert min(others) > 11
    assert pictures.fingerprint_of(Image.new("RGB", (200, 200), "white")) is None


@given(st.integers(0, 2**64 - 1), st.sets(st.integers(0, 63), max_size=11))
def test_whatever_is_near_shares_a_band(mark: int, flips: set[int]) -> None:
    other = mark ^ sum(1 << bit for bit in flips)
    radius = len(flips) // 4
    ours, theirs = bands_of(mark), bands_of(other)
    assert any(theirs[band] in near(ours[band], radius) for band in ours)


def test_how_many_bands_are_asked_for() -> None:
    assert [len(set(near(0x0F0F, radius))) for radius in range(3)] == [1, 17, 137]
