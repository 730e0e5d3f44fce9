"""Words for finding: grams of hanzi, pinyin in all readings of a family name, and what is asked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from pypinyin import lazy_pinyin

# Family names that are read otherwise than the same character elsewhere.
FAMILY_READINGS = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "朴": "piao", "查": "zha",
    "任": "ren", "华": "hua", "盖": "ge", "纪": "ji", "覃": "qin", "乐": "yue", "员": "yun",
    "洗": "xian", "冼": "xian", "召": "shao", "祭": "zhai", "逄": "pang", "缪": "miao", "宓": "mi",
    "幺": "yao", "种": "chong", "重": "chong", "折": "she", "黑": "he", "秘": "bi", "翟": "zhai",
    "尉迟": "yuchi", "万俟": "moqi", "长孙": "zhangsun", "澹台": "tantai",
}  # fmt: skip
MOST_LETTERS = 60
_HANZI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff·]+")
_PIECES = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff·]+|\d{4,}[xX]?|[^\W\d_]+", re.UNICODE
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a name may be typed: its grams, readings and their initials, each in one text."""

    title: str
    grams: list[str]
    pinyin: str
    initials: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed, taken apart: hanzi, letters, digits (an ID number may end in X)."""

    hanzi: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.hanzi or self.letters or self.digits)


def grams_of(text: str) -> list[str]:
    """Return hanzi one by one and in pairs, as they stand side by side."""
    found: dict[str, None] = {}
    for run in _HANZI.findall(text):
        for index, one in enumerate(run):
            found[one] = None
            if index:
                found[run[index - 1] + one] = None
    return list(found)


@lru_cache(maxsize=100_000)
def _syllables(text: str) -> tuple[str, ...]:
    return tuple(_plain(one) for one in lazy_pinyin(text) if _plain(one))


def _plain(text: str) -> str:
    """Return letters without accents, in small letters, ü as v (as it is typed)."""
    text = text.casefold().replace("ü", "v")
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if one.isalpha())
    return bare if bare.isascii() else ""


@lru_cache(maxsize=20_000)
def spelling(name: str) -> Spelling:
    """Return how a name may be typed."""
    readings = [_syllables(name)]
    for size in (2, 1):
        family = FAMILY_READINGS.get(name[:size])
        if family:
            other = (family, *_syllables(name[size:]))
            if "".join(other) != "".join(readings[0]):
                readings.insert(0, other)
            break
    return Spelling(
        title=name.casefold(),
        grams=grams_of(name),
        pinyin=" ".join("".join(one) for one in readings),
        initials=" ".join(dict.fromkeys("".join(part[0] for part in one) for one in readings)),
    )


def first_reading(name: str) -> str:
    """Return the pinyin by which a name is sorted: the family name's own reading first."""
    return spelling(name).pinyin.split(" ")[0]


def asked(text: str) -> Asked:
    """Take apart what somebody typed; what is no word is left out."""
    found = Asked()
    for piece in _PIECES.findall(unicodedata.normalize("NFKC", text)[:100]):
        if piece[0].isdigit():
            found.digits.append(piece.upper())
        elif _HANZI.match(piece):
            found.hanzi.append(piece)
        elif plain := _plain(piece)[:MOST_LETTERS]:
            found.letters.append(plain)
    return found
