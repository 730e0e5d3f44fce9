"""The report of the benchmarks: floors said honestly, hand-written parts kept."""

from __future__ import annotations

import pytest

from bench.report import NAMES, Run, document, notes_of
from bench.targets import TARGETS, Target


def run(name: str, **figures: float) -> Run:
    return Run(name, ["--scale", "5"], 1_795_305_600.0, 0.4, figures)


def test_a_figure_below_its_floor_is_named_at_the_top_and_in_its_row() -> None:
    found = run("ingest", ratio=0.2, readings_per_s=250_000, missing=0, duplicated=0)
    text = document({"ingest": found}, "", quick=False)
    assert "Below the floor:\n\n- `ratio` of ingest: 0.2\n" in text
    assert "| `ratio` | 0.2 | 0.25 | 0.6 | **below the floor** |" in text
    assert "| `readings_per_s` | 250,000 | 200,000 | 600,000 | floor reached |" in text
    assert "| `missing` | 0 | 0 | 0 | goal reached |" in text
    assert "Not measured: `alarms_raised`." in text
    assert "Every floor is reached." not in text


def test_every_floor_is_reached_only_when_everything_was_measured() -> None:
    good = {
        name: run(
            name,
            **dict.fromkeys(("devices", "rows", "alarms_expected", "pressed"), 10.0),
            **{
                key: 10.0 if target.equals else float(target.goal or 0)
                for key, target in targets.items()
            },
        )
        for name, targets in TARGETS.items()
    }
    assert "Every floor is reached." in document(good, "", quick=False)
    del good["web"]
    text = document(good, "", quick=False)
    assert "Every floor is reached." not in text
    assert "Not measured yet: `./dev bench web`." in text


def test_what_people_wrote_stays() -> None:
    first = document({}, "", quick=False)
    assert notes_of(first) == {name: "" for name in ("findings", *NAMES)}
    empty = "<!-- by hand: web -->\n<!-- end -->"
    written = first.replace(empty, "<!-- by hand: web -->\nTemplates.\n\nQueries.\n<!-- end -->")
    again = document({"web": run("web", desk_rps=12.0)}, written, quick=False)
    assert notes_of(again)["web"] == "Templates.\n\nQueries."
    assert document({"web": run("web", desk_rps=12.0)}, again, quick=False) == again


def test_a_quick_form_says_that_it_is_one() -> None:
    assert "**Quick form" in document({}, "", quick=True)
    assert "**Quick form" not in document({}, "", quick=False)


@pytest.mark.parametrize(
    ("target", "value", "said"),
    [
        (Target(25, 8, is_less_better=True), 7.9, "goal reached"),
        (Target(25, 8, is_less_better=True), 25.0, "floor reached"),
        (Target(25, 8, is_less_better=True), 25.1, "**below the floor**"),
        (Target(None, 25, is_less_better=True), 26.0, "below the goal"),
        (Target(equals="devices"), 10_000, "equal"),
        (Target(equals="devices"), 9_999, "**not devices**"),
    ],
)
def test_verdicts(target: Target, value: float, said: str) -> None:
    assert target.verdict(value, {"devices": 10_000}) == said


def test_what_is_not_measured_again_stays_as_it_stood() -> None:
    first = document({"web": run("web", desk_rps=12.0)}, "", quick=False)
    again = document({"plan": run("plan", seconds=70.0)}, first, quick=False)
    assert "| `desk_rps` | 12 |" in again
    assert "- `seconds` of plan: 70" in document({}, again, quick=False)
