"""Codes and units: known, converted once, and there and back."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhe.kernel import codes
from songhe.kernel.codes import _tables

QUANTITIES = [code for code in codes.all_codes() if code.unit != "1" or code.kind == "count"]
PAIRS = sorted(_tables()[2])


@given(st.sampled_from(codes.all_codes()), st.floats(0, 1))
def test_every_plausible_value_is_taken_as_it_is(code: codes.Code, share: float) -> None:
    value = code.low + share * (code.high - code.low)
    value = min(max(value, code.low), code.high)
    assert codes.normalise(code.code, value, code.unit) == (code.number, value)
    assert codes.normalise(code.code, value, None) == (code.number, value)


@given(st.sampled_from(PAIRS), st.floats(-1e6, 1e6))
def test_units_go_there_and_back(pair: tuple[int, str], value: float) -> None:
    number, unit = pair
    zero, one = codes.convert(number, 0.0, unit), codes.convert(number, 1.0, unit)
    back = (codes.convert(number, value, unit) - zero) / (one - zero)
    assert back == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("code", "value", "unit", "canonical"),
    [
        ("14743-9", 90.08, "mg/dL", 5.0),
        ("8480-6", 16.0, "kPa", 120.01),
        ("8310-5", 98.6, "[degF]", 37.0),
        ("29463-7", 60000, "g", 60.0),
        ("59408-5", 0.97, "1", 97.0),
        ("93832-4", 7.5, "h", 450.0),
    ],
)
def test_known_conversions(code: str, value: float, unit: str, canonical: float) -> None:
    assert codes.normalise(code, value, unit)[1] == pytest.approx(canonical, rel=1e-4)


@given(st.sampled_from(codes.all_codes()), st.sampled_from(["low", "high", "nan", "inf"]))
def test_implausible_values_are_refused(code: codes.Code, how: str) -> None:
    value = {
        "low": code.low - 1.0,
        "high": code.high + 1.0,
        "nan": math.nan,
        "inf": math.inf,
    }[how]
    with pytest.raises(codes.Implausible):
        codes.normalise(code.code, value, code.unit)


def test_unknown_codes_and_units_are_named() -> None:
    with pytest.raises(codes.UnknownCode, match="9999-9"):
        codes.normalise("9999-9", 1, None)
    with pytest.raises(codes.UnknownUnit, match="furlong"):
        codes.normalise("8480-6", 1, "furlong")


def test_numbers_names_and_keys_are_unique_and_both_languages_are_there() -> None:
    known = codes.all_codes()
    for name in ("number", "code", "key"):
        assert len({getattr(code, name) for code in known}) == len(known)
    for code in known:
        assert code.en
        assert code.zh
        assert codes.by_code(code.code) is codes.by_number(code.number) is codes.by_key(code.key)
        assert code.text(code.low)
    assert QUANTITIES
