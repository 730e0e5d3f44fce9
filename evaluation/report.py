"""docs/evaluation.md: a section a set, written by one command from the open recordings alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from evaluation import files
from evaluation.outcome import Figure, Outcome, Table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "evaluation.md"
# Sections are kept beside the page's text, so that one set can be measured anew.
KEPT = PAGE.with_name("evaluation.json")
_HEAD = """# What the detectors can do, measured

Written by `./dev evaluate report`. Every figure comes from the open recordings that lie beside a
checkout, judged as whole streams in chunks of at most one second by the same steps that run live.
Intervals are 95 %, people (or homes, or recordings where no person is told) drawn again. Weights
that ship were learned only from sets whose licence is open; `docs/models/` tells from which. Where
weights were learned from the very people of a set, its figures are cross-validated: nobody is
judged by weights that have seen them.

"""


def section(name: str, outcome: Outcome, took_s: float) -> str:
    """Return one set's section as Markdown."""
    lines = [f"## {name}", "", f"`./dev evaluate {name}` ({took_s:.0f} s)", ""]
    lines += ["| figure | value | 95 % | subjects | |", "|---|---|---|---|---|"]
    lines += [_row(figure) for figure in outcome.figures]
    lines += ["", f"**Proves.** {outcome.proves}", "", f"**Cannot show.** {outcome.cannot}", ""]
    for table in outcome.tables:
        lines += _table(table)
    return "\n".join(lines) + "\n"


def _row(figure: Figure) -> str:
    span = "" if figure.low is None else f"{_number(figure.low)} to {_number(figure.high or 0.0)}"
    who = str(figure.subjects) if figure.subjects else ""
    return f"| {figure.name} | {_number(figure.value)} | {span} | {who} | {figure.note} |"


def _number(value: float) -> str:
    if value != value:
        return "–"
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 2 else f"{value:.3g}"


def _table(table: Table) -> list[str]:
    head = ["| " + " | ".join(table.heads) + " |", "|" + "---|" * len(table.heads)]
    return [f"### {table.title}", "", *head, *("| " + " | ".join(r) + " |" for r in table.rows), ""]


def main(measure: Callable[[str, Path], Outcome], names: Sequence[str], only: Sequence[str]) -> int:
    """Measure all sets, or these, and write the page; 1 when one of them failed."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    failed = 0
    for name in only or names:
        print(f"evaluate: {name} …", flush=True)
        began = time.monotonic()
        try:
            outcome = measure(name, files.HOME / name)
        except Exception as error:
            print(f"evaluate: {name} failed: {error!r}", flush=True)
            failed = 1
            continue
        took_s = time.monotonic() - began
        keys = asdict(outcome)["keys"]
        kept[name] = {"keys": keys, "section": section(name, outcome, took_s)}
        print(kept[name]["section"], flush=True)
        KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    parts = [kept[name]["section"] for name in names if name in kept]
    PAGE.write_text(_HEAD + "\n".join(parts), "utf-8")
    return failed
