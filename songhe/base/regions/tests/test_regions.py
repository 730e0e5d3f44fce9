"""The division table that ships, and the regions an install adds."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from songhe.base.regions import selectors, services
from songhe.base.regions.models import Region

pytestmark = pytest.mark.django_db
REFERENCE = Path(__file__).parents[5] / "shared/data/cn_reference/gb2260_pca_code.json"


def test_divisions_load_once_and_form_a_tree() -> None:
    assert services.load_divisions() > 3000
    assert services.load_divisions() == 0
    assert [row.name for row in selectors.path_of("610102")] == ["陕西省", "西安市", "新城区"]
    assert not Region.objects.filter(code__startswith="9901").exists()


def test_the_shipped_table_is_the_reference() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference tables are not beside this checkout")
    shipped = (files("songhe.base.regions") / "data/gb2260.json").read_text("utf-8")
    assert json.loads(shipped) == json.loads(REFERENCE.read_text("utf-8"))


def test_an_added_region_hangs_under_its_prefix() -> None:
    services.add_region(code="99", name="测试省")
    services.add_region(code="9901", name="测试市")
    services.add_region(code="990121", name="松鹤示范县")
    town = services.add_region(code="990121001", name="云岭镇")
    assert town.parent_id == "990121"
    assert [row.code for row in selectors.below("9901", 9)] == ["990121001"]
