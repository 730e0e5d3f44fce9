"""What is planted in a log is found, and fails the run: by name of the test and of the logger."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from tools.log_search import Search, is_identity, personal_in, searching

ROOT = Path(__file__).resolve().parents[2]
PLANTED = """
import logging, subprocess, sys
import structlog

def test_record():
    logging.getLogger("songhe.web").warning("opened for %s", "陈秀兰")

def test_level_of_production():
    logging.getLogger("songhe.live").info("called 19911110001")

def test_event():
    structlog.get_logger("songhe.web").info("request", path="/people/?q=110105194403050020")

def test_library():
    logging.getLogger("django.request").warning("opened for %s", "19911110001")

def test_process(tmp_path):
    with open(tmp_path / "house.log", "wb") as log:
        said = [sys.executable, "-X", "utf8", "-c", "print('sent to 桂花里 3 号')"]
        subprocess.run(said, stdout=log, stderr=log)
    (tmp_path / "house.log").unlink()

def test_clean():
    logging.getLogger("songhe.web").warning("opened 019a8f9e-1991-7000-8000-119911110001")
"""


def test_a_session_with_planted_data_fails_and_names_who_did_it(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED, "utf-8")
    argv = [sys.executable, "-m", "pytest", "-p", "tools.log_search", "-p", "no:cacheprovider"]
    argv += ["-p", "no:django", "--rootdir", str(tmp_path), "-c", os.devnull, "-q"]
    argv += [f"--basetemp={tmp_path / 'base'}", str(tmp_path / "test_planted.py")]
    kept = {name: value for name, value in os.environ.items() if name != "SONGHE_STATE"}
    done = subprocess.run(argv, cwd=ROOT, env=kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True, text=True, check=False)  # fmt: skip
    said = done.stdout
    assert "6 passed" in said, said + done.stderr
    assert done.returncode == 1
    assert "personal data in logs" in said
    assert "test_record: logger songhe.web: 陈秀兰" in said
    assert "test_level_of_production: logger songhe.live: 19911110001" in said
    assert "test_event: structlog: 110105194403050020" in said
    assert "test_process: output of" in said
    for unsaid in ("test_library", "test_clean"):
        assert f"{unsaid}:" not in said.partition("personal data in logs")[2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("110105194403050020", ["110105194403050020"]),
        ("110105194403050021", []),
        ("tel 19911110001, moved", ["19911110001"]),
        ("+86 19911110001", ["19911110001"]),
        ("at 1763817600000000 us, 1763817600000 ms", []),
        ("9199111100012", []),
        ("0.19911110001", []),
    ],
)
def test_numbers_are_told_from_numbers(text: str, found: list[str]) -> None:
    assert personal_in(text) == found


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert is_identity("11010519491231002X")
    assert not is_identity("110105194912310021")


def test_the_search_leaves_everything_as_it_was() -> None:
    before = logging.Logger.callHandlers, structlog.BoundLoggerBase._process_event
    start = subprocess.Popen.__init__
    with searching(Search()):
        assert logging.Logger.callHandlers is not before[0]
    assert (logging.Logger.callHandlers, structlog.BoundLoggerBase._process_event) == before
    assert subprocess.Popen.__init__ is start
