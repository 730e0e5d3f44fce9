"""Reading aloud in a real browser: what is said and with which pauses, only where a voice is."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tools.browser import browser as browser_path
from tools.chromium import chromium

SCRIPT = Path(__file__).parents[1] / "static" / "kit" / "aloud.js"
PAGE = """
<html lang="zh-Hans"><body><button data-aloud data-say-read="念给我听" data-say-stop="停" hidden>
<span data-aloud-word></span></button><main><h1>我的数据</h1>
<ul><li><span><b>血压</b> 128/76 mmHg</span> <span>6 分钟前</span></li></ul>
<p><a><b>上门助浴</b><span>12月1日</span></a></p><p>大约 <b>5</b> 分钟。</p>
<h2><span class="phrase">家里</span><span class="phrase">平安</span></h2>
<details><summary>愿望</summary><p>收起来的</p></details>
<p data-silent>不念</p></main></body></html>
"""
VOICE = """
window.said = []; window.voices = [];
const heard = new EventTarget();
heard.getVoices = () => window.voices;
heard.speak = (speech) => window.said.push([speech.lang, speech.text]);
heard.cancel = () => {};
Object.defineProperty(window, "speechSynthesis", { value: heard });
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_path() is None, reason="no system browser (chromium)"),
]


def test_lines_and_neighbours_are_told_apart_and_a_late_voice_is_taken() -> None:
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(PAGE)
        page.evaluate(VOICE)
        page.add_script_tag(content=SCRIPT.read_text(), type="module")
        button = page.locator("[data-aloud]")
        expect(button).to_be_hidden()  # no voice, no promise
        page.evaluate(
            "window.voices = [{}]; speechSynthesis.dispatchEvent(new Event('voiceschanged'))"
        )
        expect(button).to_be_visible()
        button.click()
        [[lang, text]] = page.evaluate("window.said")
    assert lang == "zh-Hans"
    assert text.replace(" ", "") == (
        "我的数据。血压128/76mmHg，6分钟前。上门助浴，12月1日。大约5分钟。家里平安。"
    )
