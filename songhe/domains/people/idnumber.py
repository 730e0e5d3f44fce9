"""The resident id number (公民身份号码, GB 11643-1999): layout, date, check digit."""

from __future__ import annotations

from datetime import date

from songhe.kernel.errors import Invalid

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class BadIdNumber(Invalid):
    code = "people.bad_id_number"
    message = "This ID number cannot be right: please check its 18 digits."


def check_digit(first17: str) -> str:
    """Return the last character for the first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def parse(text: str, *, today: date) -> tuple[str, date, str]:
    """Return (normalised number, date of birth, FHIR sex). Raises BadIdNumber."""
    number = text.strip().upper()
    if len(number) != 18 or not number[:17].isascii() or not number[:17].isdigit():
        raise BadIdNumber(field="id_number")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdNumber(field="id_number") from None
    if born > today or number[17] != check_digit(number[:17]):
        raise BadIdNumber(field="id_number")
    return number, born, "male" if int(number[16]) % 2 else "female"
