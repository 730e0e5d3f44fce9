"""`./dev asvs`: renders docs/security/asvs.yaml, our list against OWASP ASVS 5.0.0, as asvs.md.

Numbers are those of the standard, levels 1 and 2; the wording is our own and short, so read the
standard beside it. `check()` finds tests that are not there and lines without a reason.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "docs" / "security" / "asvs.yaml"
PAGE = SOURCE.with_suffix(".md")
WORDS = {"met": "met", "part": "**in part**", "no": "**not met**", "none": "does not apply"}
# How many requirements of levels 1 and 2 each chapter of version 5.0.0 has.
COUNTS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13,
    14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip


def read() -> dict[str, Any]:
    """Return the list: chapters with their lines by number."""
    found: dict[str, Any] = yaml.safe_load(SOURCE.read_text("utf-8"))
    return found


def check(source: dict[str, Any], root: Path = ROOT) -> list[str]:
    """Return what is wrong with the list, one sentence each."""
    wrong = []
    for number, chapter in source["chapters"].items():
        lines = chapter["lines"]
        if len(lines) != COUNTS[number]:
            wrong.append(f"V{number} has {len(lines)} lines, the standard has {COUNTS[number]}")
        for name, line in lines.items():
            if not name.startswith(f"{number}.") or line["is"] not in WORDS:
                wrong.append(f"{name}: stands in the wrong place or says {line['is']!r}")
            missing = [one for one in line.get("tests", ()) if not (root / one).is_file()]
            wrong += [f"{name}: there is no {one}" for one in missing]
            if line["is"] == "met" and not line.get("tests"):
                wrong.append(f"{name}: is met, and no test shows it")
            if line["is"] != "met" and not line.get("note"):
                wrong.append(f"{name}: needs a reason")
    return wrong


def render(source: dict[str, Any]) -> str:
    """Return the page."""
    every = [line for chapter in source["chapters"].values() for line in chapter["lines"].values()]
    counts = Counter(line["is"] for line in every)
    out = [
        "# OWASP ASVS 5.0.0, levels 1 and 2",
        "",
        "Made by `./dev asvs` from `asvs.yaml`. The numbers are the standard's, the words our own"
        " and short; level 3 is not listed. Nobody outside has judged this list.",
        "",
        f"{len(every)} requirements: "
        + ", ".join(f"{counts[kind]} {word.strip('*')}" for kind, word in WORDS.items())
        + ".",
    ]
    for number, chapter in source["chapters"].items():
        out += ["", f"## V{number} {chapter['title']}", "", "| | what | is | shown by |"]
        out.append("|---|---|---|---|")
        for name, line in chapter["lines"].items():
            shown = ", ".join(f"`{one}`" for one in line.get("tests", ()))
            note = line.get("note", "")
            by = "; ".join(part for part in (shown, note) if part)
            out.append(f"| {name} | {line['what']} | {WORDS[line['is']]} | {by} |")
    return "\n".join(out) + "\n"


def main(argv: list[str]) -> int:
    """Write the page, or with --check say whether it is what the list makes."""
    source = read()
    wrong = check(source)
    text = render(source)
    if "--check" in argv:
        if not PAGE.exists() or PAGE.read_text("utf-8") != text:
            wrong.append(f"{PAGE.name} is older than {SOURCE.name}: run ./dev asvs")
    elif not wrong:
        PAGE.write_text(text, "utf-8")
    print("\n".join(wrong) or f"asvs: {PAGE.relative_to(ROOT)} is as the list")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
