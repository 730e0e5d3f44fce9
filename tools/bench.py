"""`./dev bench NAME [--json FILE]`: one benchmark, as a table for people and as flat JSON.

`./dev bench report` runs them one after another and writes docs/bench.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from pathlib import Path

from bench import report
from bench.options import Options

NAMES = (
    "ingest", "alarm", "reads", "web", "trust", "connections", "trial", "search", "import",
    "detectors", "plan", "sos", "week",
)  # fmt: skip
MODULES = {"import": "imports"}  # a word of Python's own


def table(found: dict[str, float]) -> str:
    """Return the figures one a line, with thousands apart."""
    width = max(len(name) for name in found)
    lines = []
    for name, value in found.items():
        shown = f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.3g}"
        lines.append(f"  {name:<{width}}  {shown:>14}")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Run one benchmark; 0 when it came to its end, whatever its figures."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "report"))
    parser.add_argument("--json", type=Path, help="write the figures as one flat JSON object")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long the load lasts")
    parser.add_argument("--scale", type=float, default=0.0, help="the size, in its own unit")
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second, where paced")
    parser.add_argument("--devices", type=int, default=0, help="how many devices")
    parser.add_argument("--profile", default="", help="write a CPU profile of the gateway here")
    parser.add_argument("--quick", action="store_true", help="report: small sizes, not to docs/")
    parser.add_argument("--only", default="", help="report: measure these anew, with commas")
    given = parser.parse_args(argv)
    state = Path(os.environ.get("SONGHE_STATE", ".state")).resolve() / "bench"
    state.mkdir(parents=True, exist_ok=True)
    if given.name == "report":
        only = [name for name in given.only.split(",") if name]
        if wrong := [name for name in only if name not in report.NAMES]:
            parser.error(f"the report has {', '.join(report.NAMES)}, not {', '.join(wrong)}")
        return report.main(state, quick=given.quick, only=only)
    options = Options(
        state=state,
        seconds=given.seconds,
        scale=given.scale,
        rate=given.rate,
        devices=given.devices,
        profile=given.profile,
    )
    found = importlib.import_module(f"bench.{MODULES.get(given.name, given.name)}").run(options)
    print(f"\nbench {given.name} ({os.cpu_count()} cores, Python {platform.python_version()})")
    print(table(found))
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
