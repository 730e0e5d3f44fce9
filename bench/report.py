"""`./dev bench report [--quick] [--only NAME,…]`: every benchmark one after another, as a document.

Each runs in a process of its own; what it found is kept in the state folder, so that one of them
can be measured anew and the document written with the others as they were. What people wrote
between the document's markers stays as it is.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

from bench.targets import TARGETS, Target
from songhe.config.postgres_binaries import wheel_major

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/bench.md"
NAMES = tuple(TARGETS)
# Sizes at which a run takes a minute: for trying the benchmarks themselves.
QUICK: dict[str, tuple[str, ...]] = {
    "ingest": ("--devices", "200", "--scale", "50"),
    "alarm": ("--devices", "200", "--rate", "2000", "--seconds", "5"),
    "reads": ("--scale", "5"),
    "web": ("--scale", "5", "--seconds", "3"),
    "trust": ("--scale", "5", "--devices", "40"),
    "connections": ("--devices", "2000", "--seconds", "10"),
    "search": ("--scale", "20"),
    "import": ("--scale", "2"),
    "detectors": ("--devices", "200", "--scale", "100"),
    "plan": ("--scale", "1", "--seconds", "5"),
    "week": ("--scale", "1", "--seconds", "5"),
    "sos": ("--devices", "100", "--rate", "2000", "--seconds", "15"),
}
TITLES = {
    "ingest": "Ingest: from the socket to the committed, judged row",
    "alarm": "Alarm: from the reading to the operator's screen",
    "reads": "Reads: 100 million readings",
    "web": "Web: pages and event streams of a county of 100,000 persons",
    "trust": "Trust: what the walls cost the pages of a person",
    "connections": "Connections: 10,000 idle devices",
    "search": "Search: a million persons",
    "import": "Import: a spreadsheet of 100,000 persons",
    "detectors": "Detectors: what they cost beside the rules on readings",
    "sos": "SOS: from the button to the phone of who is to go",
    "plan": "Plan: a week of 400 visits for 30 workers on their way",
    "week": "Week: the page of a week of 400 visits, as who plans opens it",
}
FINDINGS = "Where the time goes, and what was tried"
_NOTE = "<!-- by hand: {name} -->"
_END = "<!-- end -->"


class Run(msgspec.Struct):
    """One benchmark as it was run. at: epoch seconds; load: average of a minute at its begin."""

    name: str
    arguments: list[str]
    at: float
    load: float
    figures: dict[str, float]


def command(name: str, arguments: Sequence[str]) -> str:
    """Return the command line that gives these figures."""
    return " ".join(["./dev bench", name, *arguments])


def measure(name: str, arguments: Sequence[str], kept: Path) -> bool:
    """Run one benchmark and keep what it found; False when it did not come to its end."""
    found = kept / f"{name}.found.json"
    found.unlink(missing_ok=True)
    at, load = datetime.now(UTC).timestamp(), os.getloadavg()[0]
    print(f"\n== {command(name, arguments)}", file=sys.stderr, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "tools.bench", name, *arguments, "--json", str(found)],
        cwd=ROOT,
        check=False,
    )
    if done.returncode or not found.exists():
        return False
    figures = json.loads(found.read_text(encoding="utf-8"))
    run = Run(name, list(arguments), at, load, figures)
    (kept / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(run)))
    found.unlink()
    return True


def number(value: float | None) -> str:
    """Return a figure as people read it: three digits that count, thousands apart."""
    if value is None:
        return ""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def notes_of(text: str) -> dict[str, str]:
    """Return what people wrote between the markers of a document, by name."""
    pattern = re.escape(_NOTE).replace(r"\{name\}", r"([a-z]+)") + r"\n(.*?)" + re.escape(_END)
    return {name: note.strip() for name, note in re.findall(pattern, text, re.DOTALL)}


def _note(name: str, notes: dict[str, str]) -> list[str]:
    body = notes.get(name, "")
    return [_NOTE.format(name=name), *([body] if body else []), _END, ""]


def _table(run: Run) -> list[str]:
    targets = TARGETS.get(run.name, {})
    lines = ["| figure | measured | floor | goal | |", "|---|--:|--:|--:|---|"]
    for key, value in run.figures.items():
        target = targets.get(key, Target())
        said = target.verdict(value, run.figures) if key in targets else ""
        cells = (f"`{key}`", number(value), number(target.floor), number(target.goal), said)
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    missing = [key for key in targets if key not in run.figures]
    if missing:
        lines += ["", f"Not measured: {', '.join(f'`{key}`' for key in missing)}."]
    return lines


def _as_it_stood(name: str, before: str) -> list[str]:
    """Return a section of the document as it was written by an earlier run, [] where none was."""
    begin = before.find(f"## {TITLES[name]}\n\n`./dev bench")
    if begin < 0:
        return []
    end = before.find("\n## ", begin)
    return [*before[begin : end if end > 0 else len(before)].rstrip("\n").split("\n"), ""]


def _section(name: str, run: Run | None, notes: dict[str, str], before: str) -> list[str]:
    if run is None and (stood := _as_it_stood(name, before)):
        return stood
    lines = [f"## {TITLES[name]}", ""]
    if run is None:
        lines += [f"Not measured yet: `{command(name, ())}`.", ""]
    else:
        when = datetime.fromtimestamp(run.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        lines += [
            f"`{command(name, run.arguments)}`, {when}, load average before it {run.load:.1f}.",
            "",
            *_table(run),
            "",
        ]
    return lines + _note(name, notes)


def machine() -> str:
    """Return what the figures were measured on; no name of a host, no path."""
    memory = round(psutil.virtual_memory().total / 2**30)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory} GB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, PostgreSQL {wheel_major()} "
        "as it is embedded and as durable as it is delivered"
    )


def below(name: str, section: Iterable[str]) -> list[str]:
    """Return what a section says is below its floor, or not equal to what it must be."""
    rows = (re.match(r"\| (`\w+`) \| ([^|]+) \|.*\*\*", line) for line in section)
    return [f"{row[1]} of {name}: {row[2].strip()}" for row in rows if row]


def document(runs: dict[str, Run], before: str, *, quick: bool) -> str:
    """Return the whole document; before is how it stood, with its hand-written parts."""
    notes = notes_of(before)
    lines = [
        "# Benchmarks",
        "",
        "Written by `./dev bench report`; only what stands between the markers is by hand. "
        "Generator, database and product share the machine, so ratios within one run count, and "
        "differences under 30 % are noise.",
        "",
        f"Machine: {machine()}.",
        "",
    ]
    if quick:
        lines += ["**Quick form: smaller than the floors and goals are meant for.**", ""]
    sections = {name: _section(name, runs.get(name), notes, before) for name in NAMES}
    short = [one for name, section in sections.items() for one in below(name, section)]
    if short:
        lines += ["Below the floor:", "", *(f"- {one}" for one in short), ""]
    elif not any("Not measured yet" in line for one in sections.values() for line in one):
        lines += ["Every floor is reached.", ""]
    lines += [f"## {FINDINGS}", "", *_note("findings", notes)]
    for section in sections.values():
        lines += section
    return "\n".join(lines).rstrip("\n") + "\n"


def kept_runs(kept: Path) -> dict[str, Run]:
    """Return what was found before, by benchmark."""
    found = {}
    for name in NAMES:
        path = kept / f"{name}.json"
        if path.exists():
            found[name] = msgspec.json.decode(path.read_bytes(), type=Run)
    return found


def main(state: Path, *, quick: bool, only: Sequence[str]) -> int:
    """Measure and write; 1 when a benchmark did not come to its end."""
    kept = state / ("report-quick" if quick else "report")
    kept.mkdir(parents=True, exist_ok=True)
    failed = [
        name for name in only or NAMES if not measure(name, QUICK[name] if quick else (), kept)
    ]
    into = kept / "bench.md" if quick else DOCUMENT
    before = into.read_text(encoding="utf-8") if into.exists() else ""
    into.write_text(document(kept_runs(kept), before, quick=quick), encoding="utf-8")
    print(f"\nwritten: {into}")
    for name in failed:
        print(f"{name} did not come to its end: {command(name, ())}", file=sys.stderr)
    return 1 if failed else 0
