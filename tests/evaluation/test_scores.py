"""The measurement of clinical scores on the open vectors."""

from __future__ import annotations

import pytest

from evaluation import files
from evaluation.scores import NOT_SHIPPED, VECTORS, evaluate
from songhe.kernel.scales import scales

HERE = files.HOME / "clinical_scores_gdl2"
pytestmark = pytest.mark.skipif(not HERE.exists(), reason="no recordings beside this checkout")


def test_every_case_of_every_scale_that_ships_is_exact() -> None:
    outcome = evaluate("clinical_scores_gdl2", HERE)
    assert outcome.keys["exact"] == outcome.keys["total"] > 70


def test_every_guideline_ships_or_has_a_reason_and_every_scale_is_held_against_vectors() -> None:
    assert not VECTORS.keys() & NOT_SHIPPED.keys()
    assert len(VECTORS) + len(NOT_SHIPPED) == 42
    assert {v.scale for v in VECTORS.values()} == scales().keys() - {"crb65"}
