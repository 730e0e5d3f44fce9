"""Every icon that a page names is there: one that is not breaks the page when it is met."""

from __future__ import annotations

import re
from pathlib import Path

import songhe
from songhe.kit.templatetags.kit import icon

HOUSE = Path(songhe.__file__).parent
# `icon="x"` of a component or a menu, `{% icon "x" %}`, `icon("x")`; not what is computed.
NAMED = re.compile(r"""\bicon(?:=|\s|\()["']([a-z0-9-]+)["']""")


def test_every_icon_that_is_named_can_be_drawn() -> None:
    named: dict[str, Path] = {}
    for kind in ("*.html", "*.py"):
        for path in HOUSE.rglob(kind):
            if "tests" not in path.parts:
                named |= dict.fromkeys(NAMED.findall(path.read_text()), path)
    assert len(named) > 80
    lacking = {}
    for name, path in named.items():
        try:
            icon(name)
        except Exception as error:
            lacking[name] = f"{path.relative_to(HOUSE)}: {error!r}"
    assert lacking == {}
