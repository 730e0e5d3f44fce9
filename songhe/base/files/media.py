"""What a file is, by its content and never by its name; a short list, and nothing that acts."""

from __future__ import annotations

import re
from enum import StrEnum

from songhe.base.files.limits import limits
from songhe.kernel.errors import Invalid

MEBI = 1024 * 1024
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA)\b")
_VIDEO = re.compile(rb"V_(VP8|VP9|AV1|MPEG|MPEGH|THEORA)")
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"isom", b"iso2", b"iso5", b"iso6", b"mp41", b"mp42", b"dash"}
_OGG_AUDIO = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")
_HEAD = 64 * 1024


class Media(StrEnum):
    """A media type that is taken. What a browser plays or shows by itself."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"
    WEBM = "audio/webm"
    OGG = "audio/ogg"
    MP4 = "audio/mp4"

    @property
    def sort(self) -> str:
        """Return image, pdf or audio."""
        return "pdf" if self is Media.PDF else self.value.partition("/")[0]

    @property
    def ending(self) -> str:
        return {"image/jpeg": "jpg", "audio/mp4": "m4a"}.get(self, self.value.partition("/")[2])


IMAGES = frozenset({Media.JPEG, Media.PNG, Media.WEBP})
AUDIO = frozenset({Media.WEBM, Media.OGG, Media.MP4})
PAPERS = frozenset({Media.JPEG, Media.PNG, Media.PDF})


class NotTaken(Invalid):
    code = "files.not_taken"
    message = "This file cannot be used. Take a photograph (JPEG, PNG, WebP), a PDF or a recording."


class TooLarge(Invalid):
    code = "files.too_large"
    message = "The file is larger than %(most)s MB. Send a smaller one."


class ActiveFile(Invalid):
    code = "files.active"
    message = "This PDF carries a program or another file. Print it and take a photograph."


def media_of(content: bytes) -> Media:
    """Return what a file is. Raises NotTaken, TooLarge, ActiveFile."""
    found = _known(content)
    if found is None:
        raise NotTaken(field="file")
    most = limits()["most_bytes"][found.sort]
    if len(content) > most:
        raise TooLarge(field="file", most=most // MEBI)
    if found is Media.PDF and _ACTIVE.search(content):
        raise ActiveFile(field="file")
    return found


def _known(content: bytes) -> Media | None:
    head = content[:_HEAD]
    if head.startswith(b"\xff\xd8\xff"):
        return Media.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Media.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Media.WEBP
    if head.startswith(b"%PDF-"):
        return Media.PDF if b"%%EOF" in content[-1024:] else None
    return _recording(head, content)


def _recording(head: bytes, content: bytes) -> Media | None:
    """Return the kind of a recording of sound; one with pictures is none."""
    if head.startswith(b"\x1aE\xdf\xa3"):
        is_sound = b"webm" in head[:64] and b"A_" in head and not _VIDEO.search(head)
        return Media.WEBM if is_sound else None
    if head.startswith(b"OggS"):
        return Media.OGG if any(mark in head[:256] for mark in _OGG_AUDIO) else None
    if head[4:8] == b"ftyp" and head[8:12] in _AUDIO_BRANDS:
        return Media.MP4 if b"soun" in content and b"vide" not in content else None
    return None
