"""The laws of the look that a machine can hold: vermilion, raw colours, size of files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

KIT = Path(__file__).resolve().parent.parent
STYLES = sorted((KIT / "static/kit").glob("*.css"))
SCRIPTS = sorted((KIT / "static/kit").glob("*.js"))
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
MAY_BE_VERMILION = re.compile(
    r"mark|sign|alarm|vital|chart|plan|timeline|bed|sos|count|swatch\[data-of=\"crown\"\]"
)


def rules(path: Path) -> list[tuple[str, str]]:
    css = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    return [(s.strip(), body) for s, body in RULE.findall(css)]


def test_there_are_styles() -> None:
    assert {p.name for p in STYLES} >= {"tokens.css", "base.css", "components.css", "shell.css"}


@pytest.mark.parametrize("path", STYLES, ids=lambda p: p.name)
def test_vermilion_means_a_high_alarm_and_nothing_else(path: Path) -> None:
    if path.name == "tokens.css":
        return
    for selector, body in rules(path):
        if "--crown" in body or "--on-crown" in body:
            assert MAY_BE_VERMILION.search(selector), selector


@pytest.mark.parametrize("path", STYLES, ids=lambda p: p.name)
def test_raw_colours_live_in_the_tokens_alone(path: Path) -> None:
    if path.name != "tokens.css":
        for selector, body in rules(path):
            assert not re.search(r"#[0-9A-Fa-f]{3,8}\b|rgba?\(|hsl", body), selector


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=lambda p: p.name)
def test_no_file_is_longer_than_a_reader(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_scripts_bring_no_words_of_their_own_and_no_markup(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    assert not re.search(r"[一-鿿]", code)
    assert not re.search(r"innerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(", code)
