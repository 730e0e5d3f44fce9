"""Logging: one line an event, and what libraries say is cleaned of what may be somebody's."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from songhe.kernel import logs


@pytest.fixture
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_what_is_somebodys_is_masked() -> None:
    said = logs.clean(
        'duplicate key value violates unique constraint "contact_phone"\n'
        "DETAIL:  Key (phone)=(19911110001) already exists.\n"
        "for 陈秀兰, 110105194403050021, +8613911110001"
    )
    assert said.startswith("duplicate key value violates unique constraint")
    for word in ("19911110001", "陈秀兰", "110105194403050021", "13911110001", "DETAIL"):
        assert word not in said


def test_ids_and_ordinary_numbers_stay() -> None:
    said = "request 0193c5a1-1991-7111-8000-199111100010 took 1200 ms, 123456789 bytes"
    assert logs.clean(said) == said


def test_a_fault_tells_where_and_what_kind_and_keeps_its_cause() -> None:
    try:
        try:
            int("陈秀兰")
        except ValueError as error:
            raise KeyError("19911110001") from error
    except KeyError as error:
        text = logs.fault_text(error)
    assert "ValueError" in text
    assert "KeyError" in text
    assert "tests/test_logs.py" in text
    assert "陈" not in text
    assert "19911110001" not in text


@pytest.mark.usefixtures("_as_before")
def test_our_events_and_libraries_records_are_json_with_the_process() -> None:
    stream = io.StringIO()
    logs.configure("jobs", stream=stream)
    structlog.get_logger("ours").info("stored", batch=7, phone="19911110001")
    logging.getLogger("library").warning("could not reach %s", "陈秀兰")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("library").exception("failed")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["process"] for line in lines] == ["jobs"] * 3
    assert lines[0]["batch"] == 7
    assert lines[0]["phone"] == logs.MASK
    assert lines[1]["event"] == f"could not reach {logs.MASK}"
    assert lines[2]["fault"].endswith("RuntimeError: boom")


@pytest.mark.usefixtures("_as_before")
def test_readable_lines_begin_with_their_level() -> None:
    stream = io.StringIO()
    logs.configure("web", readable=True, stream=stream)
    structlog.get_logger("ours").error("lost", of="a line")
    [line] = stream.getvalue().splitlines()
    assert line == "ERROR lost of='a line'"
    assert logs.is_fault(line)
    assert not logs.is_fault("INFO lost")
    assert logs.is_fault('{"event": "x", "level": "error"}')
