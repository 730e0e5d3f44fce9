"""`./dev secret_scan`: looks for keys and passwords in every file that is kept in the repository.

Known shapes of keys are found anywhere; values that are given to names such as password, token or
secret are found when they look random (entropy). What is no secret is in
docs/security/not_secrets.yaml with its reason; an entry that no longer matches is a fault.
"""

from __future__ import annotations

import hashlib
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
EXCUSED = ROOT / "docs" / "security" / "not_secrets.yaml"
MOST_BYTES = 2_000_000
SHAPES = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "age key": r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "Aliyun key": r"\bLTAI[0-9A-Za-z]{12,26}\b",
    "Tencent Cloud key": r"\bAKID[0-9A-Za-z]{28,40}\b",
    "GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{50,})\b",
    "GitLab token": r"\bglpat-[0-9A-Za-z_-]{20,}\b",
    "PyPI token": r"\bpypi-[0-9A-Za-z_-]{50,}\b",
    "npm token": r"\bnpm_[0-9A-Za-z]{36}\b",
    "Slack token": r"\bxox[abprs]-[0-9A-Za-z-]{10,}\b",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{16,}\b",
    "signed token (JWT)": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "address with a password": r"\b[a-z][a-z0-9+]*://[^\s/:@'\"{}<>]+:([^\s/@'\"{}<>$…]{6,})@",
}
_SHAPES = {name: re.compile(shape) for name, shape in SHAPES.items()}
_NAMED = re.compile(
    r"(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?key|access_?key|private_?key|"
    r"credential)[\w.-]*[\"']?\s*(?:[:=]|=>|:=)\s*[bru]*[\"']?([^\s\"',;)}{\]\[(<>]{16,})"
)
# A line without one of these is not looked at closer: it makes the whole ten times as fast.
_HINTS = re.compile(
    r"(?i)passw|passphrase|secret|token|api_?key|access_?key|private|credential|://[^\s/]+@|-key-|"
    r"AKI[AD]|ASIA|LTAI|gh[pousr]_|github_|glpat-|pypi-|npm_|xox|AIza|_live_|eyJ"
)
# Bits a letter from which a value looks drawn by lot: 16 hexadecimal digits have about 3.3.
LEAST_BITS = 3.2
_NO_VALUE = re.compile(r"^[A-Za-z_]\w*(?:[.-][A-Za-z_]\w*)+$|^(?:https?:|/|\./|\$)|^\W+$")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that looks like a secret; `mark` names its value without telling it."""

    file: str
    line: int
    kind: str
    mark: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: looks like a {self.kind} (mark {self.mark})"


def bits(text: str) -> float:
    """Return Shannon's entropy of a text, in bits a letter."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def mark_of(value: str) -> str:
    """Return the first half of a digest: enough to excuse a value without repeating it."""
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def looks_random(value: str) -> bool:
    """Tell whether a value given to a secret's name is one: digits and letters, much entropy."""
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return mixed and not _NO_VALUE.search(value) and bits(value) >= LEAST_BITS


def findings_in(name: str, text: str) -> Iterator[Finding]:
    """Yield what looks like a secret in a text."""
    if not _HINTS.search(text):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not _HINTS.search(line):
            continue
        for kind, shape in _SHAPES.items():
            for found in shape.finditer(line):
                yield Finding(name, number, kind, mark_of(found[shape.groups]))
        for found in _NAMED.finditer(line):
            if looks_random(found[1]):
                yield Finding(name, number, "secret in an assignment", mark_of(found[1]))


def scan(root: Path, names: Iterable[str]) -> list[Finding]:
    """Return what looks like a secret in the named files; binary files are left out."""
    found: list[Finding] = []
    for name in names:
        file = root / name
        if not file.is_file() or file.is_symlink():
            continue
        data = file.read_bytes()
        if len(data) > MOST_BYTES or b"\0" in data[:8000]:
            continue
        found += findings_in(name, data.decode("utf-8", "surrogateescape"))
    return found


def kept_files(root: Path) -> list[str]:
    """Return the files that are in the repository or about to be."""
    asked = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    done = subprocess.run(asked, cwd=root, capture_output=True, check=True)
    return [name for name in done.stdout.decode("utf-8").split("\0") if name]


def faults(found: list[Finding], excused: list[dict[str, Any]]) -> list[str]:
    """Return what is not excused, and which excuses are about nothing."""
    known = {(one["file"], one["mark"]) for one in excused}
    said = [str(one) for one in found if (one.file, one.mark) not in known]
    gone = known - {(one.file, one.mark) for one in found}
    said += [f"{EXCUSED.name}: {file} has no {mark} any more" for file, mark in sorted(gone)]
    return said


def main(argv: list[str]) -> int:
    """Scan the repository; print what is wrong; return 1 when something is."""
    names = kept_files(ROOT)
    excused = yaml.safe_load(EXCUSED.read_text("utf-8")) or []
    wrong = faults(scan(ROOT, names), excused)
    print("\n".join(wrong) or f"secret_scan: {len(names)} files, nothing found")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
