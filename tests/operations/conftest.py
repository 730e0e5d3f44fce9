"""One running platform for all tests of this folder; each puts right what it disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.operations.processes import Platform
from tests.support.database import copied
from tests.support.gateway import ROOT


@dataclass
class Installed:
    """The platform and what is in its database."""

    platform: Platform
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def installed(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Start the processes on a fresh database with two towns in it."""
    with copied(postgres_url) as url:
        platform = Platform(tmp_path_factory.mktemp("platform"), url)
        try:
            seeded = subprocess.run(
                [sys.executable, "-m", "tests.operations.seed"],
                env=platform.environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert seeded.returncode == 0, seeded.stderr
            facts = json.loads(seeded.stdout.splitlines()[-1])
            platform.start()
            yield Installed(platform, facts)
        finally:
            platform.close()


def documented() -> str:
    """Return the engineer's handbook."""
    return (Path(ROOT) / "docs" / "operations.md").read_text(encoding="utf-8")
