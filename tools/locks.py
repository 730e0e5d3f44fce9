"""What the lock files name, and under which licence each package comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = "requirements.lock"
TOOLS = "requirements-dev.lock"
WORDS = ROOT / "docs" / "security" / "licences.yaml"
_LINE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+?)(?: ; (.+?))? \\$", re.MULTILINE)
_HASH = re.compile(r"--hash=(\w+):([0-9a-f]+)")
# What a licence's name in old metadata means, in SPDX; names that leave a choice open stay as said.
_SPDX = {
    "MIT License": "MIT",
    "MIT": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "ISC License (ISCL)": "ISC",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One line of a lock file: name, version, on which systems (marker), digests of its files."""

    name: str
    version: str
    marker: str
    hashes: tuple[tuple[str, str], ...]

    @property
    def purl(self) -> str:
        """Return the package URL: pkg:pypi/name@version."""
        return f"pkg:pypi/{self.name.lower().replace('_', '-')}@{self.version}"


def read(lock: Path) -> list[Package]:
    """Return the packages of a lock file in its order; a package may be there in two versions."""
    text = lock.read_text("utf-8")
    starts = list(_LINE.finditer(text))
    found = []
    for at, start in enumerate(starts):
        end = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        hashes = tuple(_HASH.findall(text[start.end() : end]))
        found.append(Package(start[1], start[2], start[3] or "", hashes))
    return found


@cache
def words() -> dict[str, Any]:
    """Return what we say about licences: which are allowed, named by hand, or excused."""
    said: dict[str, Any] = yaml.safe_load(WORDS.read_text("utf-8"))
    return said


def licence_of(name: str) -> str:
    """Return the SPDX expression of a package: by hand, from its metadata, or "" when unknown."""
    by_hand: dict[str, dict[str, str]] = words()["by_hand"]
    if name in by_hand:
        return by_hand[name]["licence"]
    try:
        said: Any = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expression := said.get("License-Expression"):
        return str(expression)
    classes = [
        line.rsplit(" :: ", 1)[-1]
        for line in said.get_all("Classifier") or []
        if line.startswith("License :: ")
    ]
    given = str(said.get("License") or "").strip()
    if given in words()["allowed"]:
        return given
    named = [_SPDX.get(one, one) for one in classes or [given]]
    return named[0] if len(named) == 1 else ""


def is_allowed(expression: str) -> bool:
    """Tell whether an SPDX expression may be taken: one side of OR, every side of AND."""
    allowed: dict[str, Any] = words()["allowed"]
    return any(
        all(part.strip(" ()") in allowed for part in side.split(" AND "))
        for side in expression.split(" OR ")
    )


def faults() -> list[str]:
    """Return what is wrong with the licences of both locks, one sentence each."""
    said = words()
    names = {PRODUCT: {p.name for p in read(ROOT / PRODUCT)}}
    names[TOOLS] = {p.name for p in read(ROOT / TOOLS)}
    found = []
    for lock, excused in ((PRODUCT, said["excused"]), (TOOLS, said["excused_tools"])):
        for name in sorted(names[lock]):
            licence = licence_of(name)
            if not licence:
                found.append(
                    f"{lock}: {name} does not say its licence; look, and say it in {WORDS.name}"
                )
            elif not is_allowed(licence) and name not in {*excused, *said["excused"]}:
                found.append(f"{lock}: {name} comes under {licence}, which is not allowed")
    gone = {*said["excused"]} - names[PRODUCT]
    gone |= {*said["excused_tools"]} - names[TOOLS]
    gone |= {*said["by_hand"]} - names[PRODUCT] - names[TOOLS]
    found += [f"{WORDS.name} speaks of {name}, which no lock names" for name in sorted(gone)]
    return found
