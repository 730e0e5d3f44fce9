"""A signature at the end of a visit: who, what words, with their digest; shown again."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from songhe.domains.dispatch import proof_reads, signing
from songhe.domains.dispatch.models import Happening
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import planned


def test_who_signed_what_is_kept_and_shown(centre: Centre) -> None:
    visit = planned(centre)
    words = signing.words_of(visit.order, visit, "zh")
    assert words.digest == hashlib.sha256(words.words.encode()).hexdigest()
    assert centre.chen.name not in words.words
    given = {"how": "drawn", "words": words.words, "language": "zh"}
    row = told(visit.pk, "signature", NOW, text="陈秀兰", data={"signed": given})
    tell(centre.users["liu"], [row], at=NOW)
    kept = Happening.objects.get(kind="signature")
    assert kept.data["signed"] == given | {"sha256": words.digest, "is_ours": True}
    assert "陈秀兰" not in str(kept.data)
    (shown,) = proof_reads.told_of(visit.order, fields={"notes"}, at=NOW)
    (record,) = shown.records
    assert record.words == "陈秀兰"
    assert record.signed is not None
    assert (record.signed.words, record.signed.how) == (words.words, "drawn")
    (shown,) = proof_reads.told_of(visit.order, fields=(), at=NOW)
    assert shown.records[0].words != "陈秀兰"


def test_other_words_are_kept_and_said_to_be_others(centre: Centre) -> None:
    visit = planned(centre)
    for given in (None, "x", {"how": "?", "words": 5, "language": "fr"}, {"words": "别的"}):
        row = told(visit.pk, "signature", datetime.now(UTC), data={"signed": given})
        [answer] = tell(centre.users["liu"], [row], at=datetime.now(UTC))
        assert answer.state == "taken"
        kept = Happening.objects.get(pk=row.id).data["signed"]
        assert (kept["how"], kept["is_ours"]) == ("photo", False)
