"""Names, phone numbers and ID numbers by rule. Nobody real is meant or reached by them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from random import Random

from songhe.config.demo.places import COUNTY
from songhe.domains.people.terms import check_digit

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余于杜叶程苏魏"
)
# The commoner a surname, the earlier it stands; weights fall like 1 / (rank + 4) [E].
_WEIGHTS = [1 / (rank + 4) for rank in range(len(SURNAMES))]
WOMEN = ("秀桂玉淑凤春兰翠素菊月金美惠彩", "英兰珍芳梅香莲云芝华琴珠花娥霞")
MEN = ("国建志德永文明福长振春全守广世", "华军林生山海平安民强成贵祥义福")
# Persons of the cast have their names to themselves.
RESERVED = {"陈秀兰", "陈伟"}
# 154 is a prefix of the mobile plan that no operator has been given (status M, from memory): such
# a number looks right in every form and rings nowhere.
PHONE_PREFIX = "1540"


def person_name(rng: Random, sex: str, surname: str = "") -> str:
    """Return a name of two or three characters as that generation bears them."""
    first, second = WOMEN if sex == "female" else MEN
    while True:
        family = surname or rng.choices(SURNAMES, _WEIGHTS)[0]
        given = (
            rng.choice(second) if rng.random() < 0.18 else rng.choice(first) + rng.choice(second)
        )
        if family + given not in RESERVED and len(set(given)) == len(given):
            return family + given


def worker_name(rng: Random, sex: str, taken: Collection[str]) -> str:
    """Return how a worker is called at the centre, as nobody else there is: 小王, 王姐, 王师傅."""
    while True:
        family = rng.choices(SURNAMES, _WEIGHTS)[0]
        known = f"{family}姐" if sex == "female" else f"{family}师傅"
        name = f"小{family}" if rng.random() < 0.45 else known
        if name not in taken:
            return name


class Numbers:
    """Hands out numbers that are used once."""

    def __init__(self) -> None:
        self._phone = 1_000_000
        self._order: dict[tuple[date, str], int] = {}

    def phone(self) -> str:
        """Return the next telephone number of the unassigned prefix."""
        self._phone += 7
        return f"{PHONE_PREFIX}{self._phone:07d}"

    def id_number(self, born: date, sex: str) -> str:
        """Return an ID number of the test region with a valid check digit (GB 11643-1999)."""
        order = self._order.get((born, sex), 1 if sex == "male" else 2)
        self._order[born, sex] = order + 2
        first17 = f"{COUNTY.code}{born:%Y%m%d}{order:03d}"
        return first17 + check_digit(first17)
