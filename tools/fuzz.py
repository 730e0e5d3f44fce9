"""`./dev fuzz --minutes N`: coverage-guided fuzzing of what arrives from outside, with atheris.
`./dev fuzz forms --minutes N`: every form of every screen with hostile values, with Hypothesis.
`./dev fuzz api --minutes N`: every operation of the API as every role, with Schemathesis.

Each target of `tests/fuzz/targets.py` runs in a child of its own, at low priority, on the corpus
kept in `tests/fuzz/corpus`; what new reached code is added to it, smallest inputs first. An input
that makes a target raise is written to the state folder and shown; the command then ends with 1.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
NAMES = ("stream", "message")
LENGTHS = {"stream": 600, "message": 4096}
KEPT_BYTES = 256 * 1024
INSTRUMENTED = [
    "songhe.gateway.mqtt",
    "songhe.gateway.decoders",
    "songhe.gateway.intake",
    "songhe.gateway.normalise",
    "songhe.gateway.registry",
    "songhe.kernel.codes",
]


def read_corpus(name: str) -> list[bytes]:
    """Return the inputs that are kept for a target: one line of base64 each."""
    file = CORPUS / f"{name}.txt"
    if not file.exists():
        return []
    return [base64.b64decode(line) for line in file.read_text("ascii").splitlines() if line]


def write_corpus(name: str, inputs: list[bytes]) -> int:
    """Keep inputs, smallest first, up to a size that a repository does not notice."""
    lines, size = [], 0
    for data in sorted(set(inputs), key=lambda one: (len(one), one)):
        size += len(data)
        if size > KEPT_BYTES:
            break
        lines.append(base64.b64encode(data).decode("ascii"))
    (CORPUS / f"{name}.txt").write_text("\n".join(lines) + "\n", "ascii")
    return len(lines)


def child(name: str, arguments: list[str]) -> None:
    """Run libFuzzer on one target; it ends the process itself."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz import targets
    # libFuzzer starts itself again by this name when it minimises.
    atheris.Setup([os.environ["FUZZ_STARTER"], *arguments], targets.TARGETS[name])
    atheris.Fuzz()


def lay_out(name: str, folder: Path) -> None:
    """Put the corpus and the seeds where libFuzzer reads them."""
    from tests.fuzz import targets

    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate([*read_corpus(name), *targets.seeds()[name]]):
        (folder / f"kept-{number:05}").write_bytes(data)


def libfuzzer(name: str, work: Path, *arguments: str) -> int:
    """Run a child at low priority; return its exit code."""
    starter = work / f"{name}.sh"
    command = f'exec nice -n 15 "{sys.executable}" -m tools.fuzz --child {name} "$@"'
    starter.write_text(f'#!/bin/sh\ncd "{ROOT}" && {command}\n', "utf-8")
    starter.chmod(0o755)
    environment = {**os.environ, "FUZZ_STARTER": str(starter)}
    done = subprocess.run([str(starter), *arguments], env=environment, check=False)
    return done.returncode


def fuzz(name: str, seconds: int, work: Path) -> bool:
    """Fuzz one target and keep what was learnt; True when nothing raised."""
    found, least, faults = work / name, work / f"{name}-least", work / f"{name}-faults"
    for folder in (found, least):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    faults.mkdir(parents=True, exist_ok=True)
    lay_out(name, found)
    limits = (f"-max_len={LENGTHS[name]}", "-timeout=20", "-rss_limit_mb=1500")
    code = libfuzzer(name, work, str(found), f"-max_total_time={seconds}", *limits,
                     f"-artifact_prefix={faults}/", "-print_final_stats=1")  # fmt: skip
    if libfuzzer(name, work, "-merge=1", str(least), str(found), *limits) == 0:
        kept = write_corpus(name, [file.read_bytes() for file in least.iterdir()])
        print(f"fuzz: {name}: {kept} inputs kept in {CORPUS / (name + '.txt')}")
    for file in sorted(faults.iterdir()):
        print(f"fuzz: {name}: raised by {file}")
    return code == 0


def ours(what: str, minutes: float) -> int:
    """Go on with the test of all forms or operations, with other values each time."""
    environment = {**os.environ, "SONGHE_FUZZ_MINUTES": str(minutes)}
    test = f"tests/fuzz/test_{what}.py"
    argv = [sys.executable, "-m", "pytest", test, "--capture=no", "-q"]
    return subprocess.run(argv, cwd=ROOT, env=environment, check=False).returncode


def main(argv: list[str]) -> int:
    """Fuzz every target for its share of the time."""
    if argv[:1] == ["--child"]:
        child(argv[1], argv[2:])
        return 0
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("devices", "forms", "api"), default="devices")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together")
    parser.add_argument("--target", choices=NAMES, help="one target instead of all")
    options = parser.parse_args(argv)
    if options.what != "devices":
        return ours(options.what, options.minutes)
    if importlib.util.find_spec("atheris") is None:
        print("fuzz: atheris is not here; it comes with `./dev` on Linux (x86-64) only. "
              "The tests in tests/fuzz need it not.")  # fmt: skip
        return 2
    work = Path(os.environ.get("SONGHE_STATE", ROOT / ".state")) / "fuzz"
    names = [options.target] if options.target else list(NAMES)
    # Messages have far more ways through the code than the codec.
    shares = {"stream": 1, "message": 3}
    whole = sum(shares[name] for name in names)
    well = [
        fuzz(name, max(5, round(options.minutes * 60 * shares[name] / whole)), work)
        for name in names
    ]
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
