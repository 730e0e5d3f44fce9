"""`./dev advisories`: asks whether a known weakness is in what the lock files name (pip-audit).

Strict: when one package cannot be asked about, nothing was audited, and that is what is said; it is
never counted as well. Weaknesses that do not concern us are in docs/security/advisories.yaml, each
with its reason and until when it is believed. The answer is kept for a day.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import yaml

from tools import locks

ROOT = locks.ROOT
EXCUSED = ROOT / "docs" / "security" / "advisories.yaml"
LOCKS = (locks.PRODUCT, locks.TOOLS)
KEPT_FOR = timedelta(days=1)
ASKED_FOR_S = 25
Verdict = Literal["well", "wrong", "not audited"]
CODES: dict[Verdict, int] = {"well": 0, "wrong": 1, "not audited": 3}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of the locks with this digest: verdict, when asked (ISO 8601), and words."""

    verdict: Verdict
    asked_at: str
    digest: str
    lines: tuple[str, ...]


def digest_of(files: list[Path]) -> str:
    """Return one digest of all that an answer depends on."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def judge(report: dict[str, Any], excused: dict[str, dict[str, Any]], today: date) -> list[str]:
    """Return a sentence for each weakness that is not excused, and for excuses that are over."""
    wrong, met = [], set()
    for package in report["dependencies"]:
        if "skip_reason" in package:
            raise LookupError(f"{package['name']}: {package['skip_reason']}")
        for weakness in package["vulns"]:
            names = {weakness["id"], *weakness.get("aliases", ())}
            known = sorted(names & set(excused))
            met |= set(known)
            if known and excused[known[0]]["until"] >= today:
                continue
            better = ", ".join(weakness["fix_versions"]) or "no version yet"
            wrong.append(
                f"{package['name']} {package['version']}: {weakness['id']}; mended in {better}"
            )
    wrong += [f"{EXCUSED.name}: {name} is met no more" for name in sorted(set(excused) - met)]
    return wrong


def ask(lock: Path, seconds: int) -> dict[str, Any]:
    """Return pip-audit's report on a lock; raise LookupError when it could not ask everything."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        argv = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--require-hashes"]
        argv += ["--progress-spinner=off", "--timeout=8", "--format=json", f"--output={report}"]
        try:
            done = subprocess.run(
                [*argv, "--requirement", str(lock)],
                capture_output=True,
                text=True,
                check=False,
                timeout=seconds,
                env={**os.environ, "NO_COLOR": "1"},
            )
        except subprocess.TimeoutExpired as error:
            raise LookupError(f"no answer within {seconds} s") from error
        if not report.exists() or done.returncode not in (0, 1):
            last = [line for line in done.stderr.splitlines() if line.strip()]
            raise LookupError(last[-1].rpartition("_cli:")[2] if last else "no report")
        found: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return found


def audit(now: datetime, digest: str) -> Answer:
    """Ask about every lock and return the answer."""
    excused = yaml.safe_load(EXCUSED.read_text("utf-8")) or {}
    merged: dict[str, Any] = {"dependencies": []}
    try:
        for lock in LOCKS:
            merged["dependencies"] += ask(ROOT / lock, ASKED_FOR_S)["dependencies"]
        wrong = judge(merged, excused, now.date())
    except LookupError as error:
        lines = (f"the advisories could not be asked ({error})",)
        return Answer("not audited", now.isoformat(), digest, lines)
    if wrong:
        return Answer("wrong", now.isoformat(), digest, tuple(wrong))
    lines = (f"{len(merged['dependencies'])} packages, no known weakness",)
    return Answer("well", now.isoformat(), digest, lines)


def kept(file: Path, now: datetime, digest: str) -> Answer | None:
    """Return the answer that is kept when it is of the same locks and younger than a day."""
    try:
        said = json.loads(file.read_text("utf-8"))
        answer = Answer(said["verdict"], said["asked_at"], said["digest"], tuple(said["lines"]))
        age = now - datetime.fromisoformat(answer.asked_at)
    except (OSError, ValueError, KeyError):
        return None
    fresh = timedelta(0) <= age < KEPT_FOR
    return answer if answer.digest == digest and fresh else None


def current(*, anew: bool) -> Answer:
    """Return today's answer, asking when there is none."""
    now = datetime.now(UTC)
    digest = digest_of([*(ROOT / lock for lock in LOCKS), EXCUSED])
    file = Path(os.environ.get("SONGHE_STATE", ROOT / ".state")) / "advisories.json"
    answer = None if anew else kept(file, now, digest)
    if answer is None:
        answer = audit(now, digest)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(answer)), "utf-8")
    return answer


def main(argv: list[str]) -> int:
    """Say what is known; 0 when nothing is wrong, 1 when something is, 3 when nobody answered."""
    parser = argparse.ArgumentParser(prog="./dev advisories", description=__doc__)
    parser.add_argument("--anew", action="store_true", help="ask again though it was asked today")
    answer = current(anew=parser.parse_args(argv).anew)
    print(f"advisories: {answer.verdict} (asked {answer.asked_at[:16]} UTC)")
    for line in answer.lines:
        print(f"  {line}")
    return CODES[answer.verdict]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
