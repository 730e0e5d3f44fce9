"""An export tells on any machine what was done to it; no manipulation passes."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import exporting, proof, signing, verify
from songhe.base.audit.checking import Check
from songhe.base.audit.tests import test_chain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_state")]
Lines = list[dict[str, Any]]
DAY = test_chain.DAY
WITHOUT_DJANGO = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("django", "psycopg", "procrastinate"):
            raise ImportError(name)
sys.meta_path.insert(0, Wall())
from songhe.base.audit.verify import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Three days in a file, the first two with checkpoints."""
    for day in range(3):
        test_chain.write(5, DAY + timedelta(days=day))
    test_chain.sealing.close_days(at=DAY + timedelta(days=2))
    file = tmp_path / "audit.jsonl"
    exporting.export(file, actor=SYSTEM, at=DAY + timedelta(days=2, hours=1))
    return file


def read(file: Path) -> Lines:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def check(file: Path, lines: Lines, **given: Any) -> Check:
    changed = file.with_name("changed.jsonl")
    changed.write_bytes(b"".join(proof.canonical(line) + b"\n" for line in lines))
    return verify.check_file(changed, **given)[1]


def codes(found: Check) -> set[str]:
    return {finding.code for finding in found.findings}


def test_the_export_is_whole_and_itself_in_the_audit(exported: Path) -> None:
    header, found = verify.check_file(exported, key=signing.public_key())
    assert (found.findings, found.links) == ([], 16)
    assert header["last"] == 16
    lines = read(exported)
    assert [line["record"]["action"] for line in lines if "record" in line][-1] == "audit.export"
    assert sum("checkpoint" in line for line in lines) == 2
    assert exported.stat().st_mode & 0o077 == 0


def test_some_days_are_whole_by_themselves(exported: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.jsonl.gz"
    day = date(2026, 11, 21)
    counts = exporting.export(part, actor=SYSTEM, at=DAY + timedelta(days=3), since=day, until=day)
    assert (counts["links"], counts["checkpoints"]) == (5, 1)
    _, found = verify.check_file(part, key=signing.public_key(), witness=exported)
    assert (found.findings, found.links) == ([], 5)


def test_no_single_manipulation_of_a_record_passes_and_it_is_named(exported: Path) -> None:
    lines = read(exported)
    places = [number for number, line in enumerate(lines) if "link" in line]
    fields = ["id", "at", "kind", "user", "action", "ref", "purpose", "request", "detail"]

    @settings(max_examples=40)
    @given(st.sampled_from(places), st.sampled_from(fields), st.text(max_size=5))
    def altered(place: int, field: str, value: str) -> None:
        changed = copy.deepcopy(lines)
        record = changed[place]["record"]
        if record[field] == value:
            return
        record[field] = value
        found = check(exported, changed)
        named = {finding.params.get("entry") for finding in found.findings}
        assert lines[place]["link"][2] in named
        assert codes(found) <= {"entry_altered", "entry_swapped", "file_forged"}

    altered()


def test_no_lost_doubled_or_moved_line_passes(exported: Path) -> None:
    lines = read(exported)

    @settings(max_examples=80)
    @given(st.integers(1, len(lines) - 1), st.integers(1, len(lines) - 1), st.booleans())
    def moved(one: int, other: int, double: bool) -> None:
        changed = list(lines)
        taken = changed[one] if double else changed.pop(one)
        changed.insert(other, taken)
        if changed != lines:
            assert check(exported, changed).wrong
        lost = [line for number, line in enumerate(lines) if number != one]
        found = check(exported, lost)
        assert found.wrong
        if "link" in lines[one]:
            position = lines[one]["link"][0]
            assert {"link_missing", "tail_cut"} & codes(found)
            gap = [f.params for f in found.findings if f.code == "link_missing"]
            assert position == 16 or {"first": position, "last": position} in gap

    moved()


@pytest.mark.parametrize("field", range(6))
def test_no_part_of_a_link_can_be_changed(exported: Path, field: int) -> None:
    lines = read(exported)
    link = next(line["link"] for line in lines if line.get("link", [0])[0] == 7)
    other = next(line["link"] for line in lines if line.get("link", [0])[0] == 8)
    link[field] = {0: 70, 1: "change", 4: "2026-11-21T09:00:00.000000Z"}.get(field, other[field])
    assert {"link_altered", "link_missing"} & codes(check(exported, lines))


def test_a_cut_tail_is_found_by_checkpoint_end_and_header(exported: Path) -> None:
    lines = read(exported)
    cut = [line for line in lines if not ("link" in line and line["link"][0] > 8)]
    found = check(exported, cut)
    said = " ".join(finding.sentence() for finding in found.findings)
    assert "ends at position 8, but checkpoint 2026-11-21 shows that it reached 10" in said
    assert "file_cut" in codes(check(exported, lines[:9]))


def sign_anew(lines: Lines, key: Ed25519PrivateKey) -> None:
    """Sign what is signed with another key, as somebody would who owns the whole server."""
    public = key.public_key().public_bytes_raw().hex()
    lines[0]["header"]["key"] = public
    mark = ""
    for line in lines:
        if "checkpoint" in line:
            line["checkpoint"] |= {"previous": mark, "signature": ""}
            kept = proof.Checkpoint(**line["checkpoint"])
            line["checkpoint"]["signature"] = key.sign(kept.message()).hex()
            mark = kept.mark()
        if "head" in line:
            head = line["head"]
            message = proof.head_message(head["position"], head["link"], head["at"])
            head["signature"] = key.sign(message).hex()
    running = hashlib.sha256(b"".join(proof.canonical(line) + b"\n" for line in lines[:-1]))
    counts = lines[-1]["end"] | {"lines": running.hexdigest()}
    message = proof.end_message(lines[0]["header"], counts)
    lines[-1] = {"end": counts, "signature": key.sign(message).hex()}


def test_another_key_is_forgery_against_the_key_kept_outside(exported: Path) -> None:
    kept = signing.public_key()
    lines = read(exported)
    sign_anew(lines, Ed25519PrivateKey.generate())
    assert check(exported, lines).findings == []  # a file alone cannot know
    found = codes(check(exported, lines, key=kept))
    assert {"checkpoint_forged", "head_forged", "file_forged"} <= found


def test_a_chain_written_anew_with_the_right_key_differs_from_an_export_kept(
    exported: Path, own_state: Path, tmp_path: Path
) -> None:
    entry = read(exported)[5]["link"][2]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_auditentry SET ref = 'y/2' WHERE id = %s", [entry])
        cursor.execute("ALTER TABLE audit_auditentry ENABLE TRIGGER USER")
        cursor.execute("TRUNCATE audit_auditlink, audit_auditcheckpoint")
        cursor.execute(
            "INSERT INTO audit_pending (source, entry)"
            " SELECT 'entry', id FROM audit_auditentry ORDER BY id"
        )
    (own_state / "audit.head").unlink()
    anew = tmp_path / "anew.jsonl"
    exporting.export(anew, actor=SYSTEM, at=DAY + timedelta(days=2, hours=2))
    key = signing.public_key()
    assert verify.check_file(anew, key=key)[1].findings == []
    _, found = verify.check_file(anew, key=key, witness=exported)
    assert codes(found) == {"witness_differs"}


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda lines: None, 0, "Nothing is missing"),
        (lambda lines: lines.pop(4), 1, "positions 4 to 4 were removed"),
        (lambda lines: lines.__delitem__(slice(1, None)), 1, "ends too early"),
        (lambda lines: lines.__delitem__(slice(0, 1)), 2, "no export"),
    ],
)
def test_the_command_needs_only_the_package_and_says_it_in_words(
    exported: Path, spoil: Callable[[Lines], Any], code: int, said: str
) -> None:
    key = signing.public_key()
    lines = read(exported)
    spoil(lines)
    exported.write_bytes(b"".join(proof.canonical(line) + b"\n" for line in lines))
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO, str(exported), "--key", key],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr


def test_a_line_that_is_no_json_is_named(exported: Path) -> None:
    text = exported.read_bytes().splitlines(keepends=True)
    text[3] = b"{" + text[3]
    exported.write_bytes(b"".join(text))
    _, found = verify.check_file(exported)
    assert {"line_unreadable", "link_missing", "file_forged"} <= codes(found)
