"""An agreement signed on the screen: what was signed, by whom, when, is kept and shown again."""

from __future__ import annotations

import base64
import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw

from songhe.base.files import selectors as files
from songhe.domains.homecare import agreement_texts
from songhe.domains.homecare.models import Agreement
from songhe.domains.homecare.tests.conftest import County, make_county
from songhe.domains.homecare.tests.test_pages import bed_at, signed_in
from songhe.kit import formats


@pytest.fixture
def now_county(db: None) -> County:
    return make_county()


def signature() -> str:
    paper = Image.new("RGB", (900, 320), "white")
    ImageDraw.Draw(paper).line([(100, 200), (300, 80), (500, 220), (800, 120)], "black", 6)
    out = io.BytesIO()
    paper.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def given(**more: object) -> dict[str, object]:
    today = timezone.localdate()
    return {
        "form": "screen", "signer": "self", "signed_by": "陈秀兰", "signature": signature(),
        "text_digest": agreement_texts.text_now().digest.hex(),
        "since": today, "until": today + timedelta(days=365),
    } | more  # fmt: skip


def test_a_signature_on_the_screen_is_kept_with_what_was_signed(now_county: County) -> None:
    bed = bed_at(now_county, "fitted")
    boss, root = signed_in(now_county, "boss"), f"/beds/{bed.pk}/"
    page = boss.get(f"{root}agree/").content.decode()
    text = agreement_texts.text_now()
    assert text.paragraphs[0] in page
    assert text.digest.hex() in page
    answer = boss.post(f"{root}agree/", given())
    assert answer.status_code == 302, answer.content.decode()
    row = Agreement.objects.get()
    assert (row.form, bytes(row.text_digest), row.is_typed) == ("screen", text.digest, False)
    assert row.signed_on == timezone.localdate()
    bed.refresh_from_db()
    again = boss.get(f"{root}agree/").content.decode()
    assert f"现有协议有效至 {formats.short_date(bed.agreed_last)}" in again
    kept = files.files_of(f"homecare.HomeBed/{bed.pk}", "homecare.agreement").get()
    assert (kept.pk, kept.media, kept.width) == (row.file, "image/png", 900)
    page = boss.get(root).content.decode()
    assert f"/files/{row.file}/" in page
    assert "陈秀兰" in page
    assert text.digest.hex() in page
    assert text.paragraphs[-1] in page


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"signature": ""}, "还没有签字"),
        ({"signature": "data:image/png;base64,!!"}, "请重新签字"),
        ({"signature": "data:image/svg+xml;base64,PHN2Zz4="}, "请重新签字"),
        ({"signature": "data:image/png;base64,AAAA"}, "无法使用此文件"),
        ({"text_digest": "0" * 64}, "协议文本"),
        ({"form": "paper"}, "请添加"),
    ],
)
def test_what_is_no_signature_is_refused_and_nothing_kept(
    now_county: County, more: dict[str, object], words: str
) -> None:
    bed = bed_at(now_county, "fitted")
    answer = signed_in(now_county, "boss").post(f"/beds/{bed.pk}/agree/", given(**more))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Agreement.objects.exists()
    assert not files.files_of(f"homecare.HomeBed/{bed.pk}").exists()


def test_a_mistake_elsewhere_keeps_that_the_name_was_typed(now_county: County) -> None:
    bed = bed_at(now_county, "fitted")
    boss, root = signed_in(now_county, "boss"), f"/beds/{bed.pk}/agree/"
    assert "data-sign-typed checked" not in boss.get(root).content.decode()
    answer = boss.post(root, given(typed="1", until=""))
    assert answer.status_code == 422
    assert "data-sign-typed checked" in answer.content.decode()


def test_a_text_that_is_gone_leaves_its_digest(now_county: County) -> None:
    assert agreement_texts.text_of("1999-01", b"\0" * 32) is None
    text = agreement_texts.text_now()
    found = agreement_texts.text_of(text.version, text.digest)
    assert found == text
