"""What Songhe is made of is written down whole, its licences are held, planted keys are found."""

from __future__ import annotations

import json
import secrets
import string
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tools import advisories, check, locks, sbom, secret_scan

ROOT = Path(__file__).resolve().parents[2]


def letters(count: int, of: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(of) for _ in range(count))


def planted() -> dict[str, str]:
    """Return one line a kind of secret; put together here, so that no file holds one."""
    capitals = string.ascii_uppercase + string.digits
    return {
        "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
        "age key": "AGE-SECRET-" + "KEY-1" + letters(58, capitals),
        "AWS key": "id: AKI" + "A" + letters(16, capitals),
        "Aliyun key": "LTA" + "I" + letters(20),
        "Tencent Cloud key": "AKI" + "D" + letters(32),
        "GitHub token": "gh" + "p_" + letters(36),
        "GitLab token": "glpa" + "t-" + letters(20),
        "PyPI token": "pyp" + "i-" + letters(60),
        "npm token": "np" + "m_" + letters(36),
        "Slack token": "xox" + "b-" + letters(24),
        "Google key": "AIz" + "a" + letters(35),
        "Stripe key": "sk_" + "live_" + letters(24),
        "signed token (JWT)": "ey" + f"J{letters(20)}.eyJ{letters(30)}.{letters(30)}",
        "address with a password": "postgresql://songhe:" + letters(20) + "@db.example/songhe",
        "secret in an assignment": "SONGHE_SECRET" + f'_KEY = "{letters(30)}7a"',
    }


def test_a_planted_key_of_every_kind_is_found(tmp_path: Path) -> None:
    lines = planted()
    assert {*secret_scan.SHAPES, "secret in an assignment"} == set(lines)
    for number, line in enumerate(lines.values()):
        (tmp_path / f"{number}.py").write_text(f"# words\n{line}\n", "utf-8")
    found = secret_scan.scan(tmp_path, sorted(file.name for file in tmp_path.iterdir()))
    kinds = {(one.file, one.kind) for one in found}
    assert {(f"{n}.py", kind) for n, kind in enumerate(lines)} <= kinds
    assert {one.line for one in found} == {2}
    said = "\n".join(secret_scan.faults(found, []))
    assert not any(line.split()[-1] in said for line in lines.values()), "the value is not told"


@pytest.mark.parametrize("line", [
    'password = request.POST["password"]', "token = token_of(env().metrics_token)",
    'PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]',
    "--hash=sha256:13b2beaad985e05e2d6407ee4c4f35590b11f8d693a258a561055cac8f64cab7",
    "postgresql://songhe:{password}@127.0.0.1/songhe", 'secret = "a long phrase of words"',
])  # fmt: skip
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert list(secret_scan.findings_in("a.py", line)) == []


def test_an_excuse_is_for_one_value_in_one_file_and_ends_with_it() -> None:
    line = planted()["GitHub token"]
    [one] = secret_scan.findings_in("a.py", line)
    excuse = [{"file": "a.py", "mark": one.mark, "reason": "a test"}]
    assert secret_scan.faults([one], excuse) == []
    other = list(secret_scan.findings_in("b.py", line))
    assert len(secret_scan.faults(other, excuse)) == 2


def test_new_files_are_scanned_before_they_are_committed(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "new.txt").write_text("x", "utf-8")
    assert secret_scan.kept_files(tmp_path) == ["new.txt"]


@pytest.mark.parametrize("tools", [False, True])
def test_every_locked_package_is_in_the_bill_of_materials(tools: bool, tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    assert sbom.main([str(file), *(["--tools"] if tools else [])]) == 0
    said = json.loads(file.read_text("utf-8"))
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.6")
    parts = {part["purl"]: part for part in said["components"]}
    product = locks.read(ROOT / locks.PRODUCT)
    # counted another way than the reader of locks does
    assert len(product) == (ROOT / locks.PRODUCT).read_text("utf-8").count("==") - sum(
        p.marker.count("==") for p in product
    )
    for package in product:
        part = parts[package.purl]
        assert part["version"] == package.version
        assert part["licenses"]
        assert part["scope"] == "required"
        assert part["externalReferences"][0]["hashes"]
    development = {p.purl for p in locks.read(ROOT / locks.TOOLS)}
    assert (development <= set(parts)) is tools


def test_licences_are_held() -> None:
    assert locks.faults() == []
    assert locks.is_allowed("MIT AND (Apache-2.0 AND BSD-3-Clause)")
    assert locks.is_allowed("GPL-3.0-only OR MIT")
    for refused in ("GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND LGPL-3.0-only", ""):
        assert not locks.is_allowed(refused)


def test_a_package_under_gpl_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pymerkle is GPL: with it in a lock, and its licence known, the check fails."""
    for lock in (locks.PRODUCT, locks.TOOLS):
        text = (ROOT / lock).read_text("utf-8")
        (tmp_path / lock).write_text(text + "pymerkle==6.1.0 \\\n    --hash=sha256:00\n", "utf-8")
    monkeypatch.setattr(locks, "ROOT", tmp_path)
    assert any("pymerkle does not say its licence" in one for one in locks.faults())
    licence = {"licence": "GPL-3.0-or-later", "source": "its classifiers"}
    monkeypatch.setitem(locks.words()["by_hand"], "pymerkle", licence)
    assert len([one for one in locks.faults() if "GPL-3.0-or-later" in one]) == 2


REPORT = {
    "dependencies": [
        {"name": "a", "version": "1", "vulns": []},
        {"name": "b", "version": "2", "vulns": [
            {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}]},
    ]
}  # fmt: skip


def test_weaknesses_are_told_unless_excused_for_a_time() -> None:
    today = date(2026, 1, 10)
    excuse = {"CVE-1": {"reason": "not used", "until": date(2026, 1, 10)}}
    assert advisories.judge(REPORT, {}, today) == ["b 2: PYSEC-1; mended in 2.1"]
    assert advisories.judge(REPORT, excuse, today) == []
    assert advisories.judge(REPORT, excuse, today + timedelta(days=1)) != []
    assert "met no more" in advisories.judge({"dependencies": []}, excuse, today)[0]


def test_what_could_not_be_asked_is_never_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audit's way to the network is a closed door: it says so, in check as well."""
    with pytest.raises(LookupError):
        advisories.judge(
            {"dependencies": [{"name": "a", "skip_reason": "away"}]}, {}, date(2026, 1, 10)
        )
    closed = "http://127.0.0.1:9"
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, closed)
    monkeypatch.setenv("SONGHE_STATE", str(tmp_path))
    only = next(one for one in check.CHECKS if one.name == "advisories")
    _, code, said, _ = check.run(only)
    assert code == check.UNKNOWN, said
    assert "not audited" in said


def test_an_answer_is_kept_for_a_day_and_for_its_locks(tmp_path: Path) -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    file = tmp_path / "advisories.json"
    assert advisories.kept(file, now, "x") is None
    said = {"verdict": "well", "asked_at": now.isoformat(), "digest": "x", "lines": []}
    file.write_text(json.dumps(said), "utf-8")
    assert advisories.kept(file, now + timedelta(hours=23), "x") is not None
    assert advisories.kept(file, now + timedelta(hours=25), "x") is None
    assert advisories.kept(file, now, "other locks") is None
