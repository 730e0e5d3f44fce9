"""What a step measured: judged by the limits of the item's version, kept with what she did."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from songhe.domains.dispatch import proof_reads, rescue_reads
from songhe.domains.dispatch.models import Happening, Visit
from songhe.domains.dispatch.services.happenings import Answer
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import planned


@pytest.fixture
def visit(centre: Centre) -> Visit:
    """Return a visit whose step of measuring says stop from 180 mmHg up."""
    return planned(centre)


def measured(centre: Centre, visit: Visit, values: Any, **data: Any) -> Answer:
    row = told(visit.pk, "measure", NOW, step="pressure", data={"values": values} | data)
    [answer] = tell(centre.users["liu"], [row], at=NOW)
    [again] = tell(centre.users["liu"], [row], at=NOW)
    assert (answer.state, again.state) in (("taken", "known"), ("refused", "refused"))
    return answer


def test_a_value_beyond_its_limit_is_kept_with_the_limit_and_what_she_did(
    centre: Centre, visit: Visit
) -> None:
    given = {"8480-6": 190, "8462-4": 95}
    # What a phone says itself of limits and units is not believed.
    measured(centre, visit, given, did="went_on", beyond=[{"code": "x"}], units={"8480-6": "kPa"})
    assert Happening.objects.get().data == {
        "values": given,
        "units": {"8480-6": "mm[Hg]", "8462-4": "mm[Hg]"},
        "beyond": [
            {"code": "8480-6", "value": 190, "unit": "mm[Hg]", "ge": 180.0, "source": "S11, S12",
             "status": "V2"}
        ],
        "did": "went_on",
    }  # fmt: skip
    for language, limit, did in (
        ("zh-hans", "收缩压 190 mmHg，超出界限（达到 180 及以上；S11, S12：", "继续"),
        ("en", "190 mmHg beyond its limit (from 180 up; S11, S12: ", "went on"),
    ):
        with translation.override(language):
            (shown,) = proof_reads.told_of(visit.order, fields={"notes", "health"}, at=NOW)
        assert shown.beyond == 1
        assert limit in shown.records[0].beyond[0]
        assert did in shown.records[0].beyond[1]
    (closed,) = proof_reads.told_of(visit.order, fields={"notes"}, at=NOW)
    assert (closed.beyond, closed.records[0].words) == (1, "")
    assert not any("1" in said for said in closed.records[0].beyond)
    assert "继续" in closed.records[0].beyond[1]


@pytest.mark.parametrize(
    ("values", "said", "kept"),
    [
        ({"8480-6": 179.9}, {"did": "stopped"}, {}),
        ({"8480-6": 180}, {"did": "stopped"}, {"did": "stopped"}),
        ({"8480-6": 180}, {}, {"did": "unknown"}),
        ({"8480-6": 180}, {"did": "danced"}, {"did": "unknown"}),
        ({"8480-6": 12}, {}, {"odd": ["8480-6"], "sure": []}),
        ({"8480-6": 12}, {"sure": ["8480-6", "x"]}, {"odd": ["8480-6"], "sure": ["8480-6"]}),
        ({"8480-6": 12}, {"sure": 5}, {"odd": ["8480-6"], "sure": []}),
        ({"8480-6": 88, "8462-4": 120}, {}, {"odd": ["8462-4"], "sure": []}),
        ({"8480-6": 88, "8462-4": 87}, {}, {}),
        ({"nobody-knows": 5}, {}, {}),
    ],
)
def test_care_is_never_refused_for_a_value(
    centre: Centre, visit: Visit, values: Any, said: Any, kept: Any
) -> None:
    assert measured(centre, visit, values, **said).state == "taken"
    data = Happening.objects.get().data
    assert data["values"] == values
    assert {name: data[name] for name in ("did", "odd", "sure") if name in data} == kept
    (shown,) = proof_reads.told_of(visit.order, fields={"notes", "health"}, at=NOW)
    assert len(shown.records[0].odd) == len(kept.get("odd", ()))


@pytest.mark.parametrize(
    "values",
    [{"8480-6": "many"}, {"8480-6": True}, {"8480-6": 1e300}, [120], {str(n): n for n in range(9)}],
)
def test_what_is_no_number_is_refused_with_what_was_told(
    centre: Centre, visit: Visit, values: Any
) -> None:
    answer = measured(centre, visit, values)
    assert answer.state == "refused"
    assert answer.error is not None
    assert str(answer.error.params["given"])
    assert not Happening.objects.exists()


def test_what_was_chosen_is_read_in_the_readers_language(centre: Centre, visit: Visit) -> None:
    """Codes are kept; what was written by hand, and what older phones sent, stays as it is."""
    liu = centre.users["liu"]
    rows = [
        told(visit.pk, "skipped", NOW, step="pressure", data={"reason": "unwanted"}),
        told(visit.pk, "note", NOW, text="quick:unwell"),
        told(visit.pk, "note", NOW, text="胃口好"),
        told(visit.pk, "arrived", NOW, data={"reason": "no-code"}),
    ]
    tell(liu, rows, at=NOW)
    visit.refresh_from_db()
    assert visit.place_reason == "no-code"
    for language, words, why in (
        ("zh-hans", ["她不愿意", "不舒服", "胃口好"], "门上没有码"),
        ("en", ["She does not want it", "Feels unwell", "胃口好"], "There is no code at the door"),
    ):
        with translation.override(language):
            (shown,) = proof_reads.told_of(visit.order, fields={"notes", "health"}, at=NOW)
            assert sorted(one.words for one in shown.records) == sorted(words)
            assert why in rescue_reads.arrival_words(visit)
