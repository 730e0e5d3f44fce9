"""The `dev` script in a small checkout: it needs nothing of the caller's surroundings."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
TOOL = """
import os, sys
import songhe
if __name__ == "__main__":
    print("arguments", sys.argv[1:])
    print("home", os.path.isdir(os.environ["HOME"]))
    print("state", os.environ["SONGHE_STATE"])
    print("package", songhe.__file__)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with a space in its path, closed to others, whose locks are empty."""
    folder = tmp_path / "my check out"
    (folder / "tools").mkdir(parents=True)
    (folder / "songhe").mkdir()
    (folder / "songhe" / "__init__.py").touch()
    (folder / "tools" / "hello.py").write_text(TOOL)
    for name in ("requirements.lock", "requirements-dev.lock"):
        (folder / name).write_text("# nothing\n")
    shutil.copy(ROOT / "dev", folder / "dev")
    folder.chmod(0o700)
    return folder


def dev(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ./dev with nothing in the environment but what is given, from another directory."""
    return subprocess.run(
        ["/bin/sh", str(checkout / "dev"), *arguments],
        cwd="/",
        env={"PATH": os.environ.get("PATH", SYSTEM_PATH), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_makes_the_environment_once_and_hands_over(checkout: Path) -> None:
    first = dev(checkout, "hello", "--one", "two words")
    assert first.returncode == 0, first.stderr
    assert "making .venv" in first.stderr
    assert "arguments ['--one', 'two words']" in first.stdout
    assert "home True" in first.stdout
    assert f"state {checkout}/.state" in first.stdout
    assert f"package {checkout}/songhe/__init__.py" in first.stdout

    second = dev(checkout, "hello", HOME="", PIP_USER="1", PYTHONHOME="/nowhere")
    assert second.returncode == 0, second.stderr
    assert second.stderr == ""

    (checkout / "requirements.lock").write_text("# nothing, but otherwise\n")
    third = dev(checkout, "hello", HOME="/nonexistent")
    assert third.returncode == 0, third.stderr
    assert "requirements.lock" in third.stderr
    assert "making .venv" not in third.stderr
    assert "requirements-dev.lock" not in third.stderr


def test_without_a_fitting_python_it_says_what_to_do(checkout: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("dirname", "date", "cksum", "grep", "cat", "find", "head", "mkdir", "rm", "sh"):
        (programs / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = dev(checkout, "hello", PATH=str(programs))
    assert done.returncode == 1
    assert "Python 3.11 or 3.12 is needed" in done.stderr
    assert "请先安装" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_tool_that_needs_more_brings_in_its_own_lock(checkout: Path) -> None:
    (checkout / "requirements-lab.lock").write_text("# nothing more\n")
    needs = "# This tool needs: requirements-lab.lock\nimport os, sys"
    needing = TOOL.replace("import os, sys", needs)
    (checkout / "tools" / "lab.py").write_text(needing)
    assert "requirements-lab.lock" not in dev(checkout, "hello").stderr
    asked = dev(checkout, "lab")
    assert asked.returncode == 0, asked.stderr
    assert "requirements-lab.lock" in asked.stderr
