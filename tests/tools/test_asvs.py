"""The list of security requirements names what is there, and its page is made from it."""

from __future__ import annotations

import copy
from pathlib import Path

from tools import asvs


def test_the_list_is_whole_and_every_named_test_is_there() -> None:
    source = asvs.read()
    assert asvs.check(source) == []
    assert asvs.PAGE.read_text("utf-8") == asvs.render(source)


def test_a_missing_test_a_missing_reason_and_a_missing_line_are_found(tmp_path: Path) -> None:
    source = copy.deepcopy(asvs.read())
    lines = source["chapters"][3]["lines"]
    lines["3.4.1"]["tests"] = ["tests/access/test_gone.py"]
    lines["3.4.2"] = {"is": "no", "what": "x"}
    lines["3.4.3"] = {"is": "met", "what": "x"}
    del lines["3.4.4"]
    assert asvs.check(source) == [
        "V3 has 18 lines, the standard has 19",
        "3.4.1: there is no tests/access/test_gone.py",
        "3.4.2: needs a reason",
        "3.4.3: is met, and no test shows it",
    ]
