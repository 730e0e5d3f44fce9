"""What every page must keep: axe's rules, no sideways scrolling, one language, a visible focus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.house import House

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
CHINESE = re.compile(r"[\u3400-\u9fff]")
# Two neighbouring words in lower case are a piece of an English sentence.
ENGLISH = re.compile(r"\b[a-z]{2,}(?:[ ,.;:'-]+[a-z]{2,})+")
# Units, protocols, and names of things that are written so in Chinese too.
SPOKEN_IN_BOTH = re.compile(
    r"\bmmHg\b|\bmmol/L\b|\bkg/m2\b|https?://\S+|\b[\w.-]+\.(?:json|md|csv)\b|"
    r"\breference \d+ \([^)]*\)|\b[a-z]+(?:-[a-z0-9]+)+\b|\bsonghe[/:][\w/:+#-]+|\bdemo-[\w-]+"
)
MASKED = re.compile(r"[\u3400-\u9fff]?[＊*]{1,3}")
INITIAL = re.compile(r"[\u3400-\u9fff]")  # in the place of a photo

# Every visible run of text with the language it says it is in; code is nobody's language.
_TEXTS = """
() => {
  const runs = [];
  const language = (element) => element.closest('[lang]')?.lang || '';
  const seen = (element) => element.checkVisibility({ visibilityProperty: true });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    const text = walker.currentNode.data.replace(/\\s+/g, ' ').trim();
    if (!text || parent.closest('script, style, code, pre, kbd, template')) continue;
    if (!seen(parent)) continue;
    runs.push([text, language(parent)]);
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-description']) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!element.closest('code, pre')) runs.push([element.getAttribute(name), language(element)]);
    }
  }
  for (const element of document.querySelectorAll('*')) {
    for (const [name, value] of Object.entries(element.dataset)) {
      if (/^sai?[dy]/.test(name)) runs.push([value, language(element)]);
    }
  }
  runs.push([document.title, document.documentElement.lang]);
  return runs;
}
"""
_WIDE = """
() => {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return [];
  const edge = document.documentElement.clientWidth + 1;
  const guilty = [...document.querySelectorAll('body *')].filter(
    (e) => e.getBoundingClientRect().right > edge && e.checkVisibility());
  // the innermost say where it comes from
  const inner = guilty.filter((e) => !guilty.some((other) => other !== e && e.contains(other)));
  return [`${wide} px too wide: ` + inner.slice(0, 6).map(
    (e) => e.tagName.toLowerCase() + (e.className.baseVal ?? e.className).toString()
      .split(' ').filter(Boolean).map((c) => '.' + c).join('')).join(', ')];
}
"""


_UNSEAL = """
import json, sys
from songhe.base import vault
from songhe.base.vault.fields import sealed_fields
from songhe.base.vault.keyring import VaultClosed
from django.db import connection
words = []
for field in sealed_fields():
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "id", "{field.column}" FROM "{field.table}"'
                       f' WHERE "{field.column}" IS NOT NULL LIMIT 2000')
        for pk, sealed in cursor.fetchall():
            try:
                words.append(vault.unseal(sealed, field=field.field, pk=pk))
            except (UnicodeDecodeError, VaultClosed):
                continue
with open(%r, "w", encoding="utf-8") as out:
    json.dump(words, out)
"""


def _unsealed(house: House) -> list[str]:
    """Return every text that is stored sealed now."""
    out = house.facts_file.with_name("sealed.json")
    house.run(_UNSEAL % str(out))
    words: list[str] = json.loads(out.read_text("utf-8"))
    return words


@dataclass
class Words:
    """What is data and may stand in Chinese on an English page.

    It is read once for a house, and once more by each test that finds Chinese that is not known: it
    may have been stored since.
    """

    house: House
    known: list[str] = field(default_factory=list)
    fresh: bool = False

    @classmethod
    def of(cls, house: House) -> Words:
        """Return what is known of a house, for one test."""
        words = _words(house)
        words.fresh = False
        return words

    def read(self) -> None:
        """Read every stored text with Chinese in it, but not where an English one stands beside."""
        house = self.house
        columns = house.rows(
            "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
            " JOIN information_schema.tables t USING (table_schema, table_name)"
            " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
            " AND c.data_type IN ('text', 'character varying', 'jsonb')"
            " AND c.column_name NOT LIKE '%%\\_zh' AND NOT EXISTS (SELECT 1"
            "   FROM information_schema.columns e WHERE e.table_schema = 'public'"
            "   AND e.table_name = c.table_name AND e.column_name = c.column_name || '_en')"
        )
        found: set[str] = set()
        for table, column, kind in columns:
            if table.startswith(("procrastinate", "django_", "base_regions", "regions_")):
                continue
            value = "jsonb_path_query(x.v, 'strict $.** ? (@.type() == \"string\")') #>> '{}'"
            text = value if kind == "jsonb" else "x.v"
            rows = house.rows(
                f'SELECT DISTINCT t FROM (SELECT {text} AS t FROM (SELECT "{column}" AS v'
                f" FROM \"{table}\") x) y WHERE t ~ '[一-龥]'"
            )
            found |= {str(row[0]).strip() for row in rows}
        # Names of divisions are names, as those of people are.
        found |= {str(row[0]) for row in house.rows(
            "SELECT name FROM regions_region WHERE code LIKE '99%%'")}  # fmt: skip
        sealed = [one for one in _unsealed(house) if CHINESE.search(one)]
        found |= {
            *sealed,
            *(one.split(" ", 1)[-1] for one in sealed),
        }  # an address without its town
        self.known = sorted(found, key=len, reverse=True)

    def without(self, text: str) -> str:
        """Return a text without the data in it."""
        left = self._without(text)
        if CHINESE.search(left) and not INITIAL.fullmatch(text) and not self.fresh:
            self.read()
            self.fresh = True
            left = self._without(text)
        return left

    def _without(self, text: str) -> str:
        for word in self.known:
            if word in text:
                text = text.replace(word, " ")
        return MASKED.sub(" ", text)


@cache
def _words(house: House) -> Words:
    words = Words(house)
    words.read()
    return words


def untranslated(page: Page, words: Words) -> list[str]:
    """Return the visible texts that are in the wrong language for this page."""
    language = page.evaluate("document.documentElement.lang")
    wrong = []
    for text, marked in page.evaluate(_TEXTS):
        if marked and marked.split("-")[0] != language.split("-")[0]:
            continue
        if language.startswith("zh"):
            if ENGLISH.search(SPOKEN_IN_BOTH.sub(" ", text)):
                wrong.append(f"English on a Chinese page: {text[:80]}")
        elif (
            CHINESE.search(text)
            and CHINESE.search(words.without(text))
            and not INITIAL.fullmatch(text)
        ):
            wrong.append(f"Chinese on an English page: {text[:80]}")
    return sorted(set(wrong))


def too_wide(page: Page) -> list[str]:
    """Return what makes the page scroll sideways."""
    found: list[str] = page.evaluate(_WIDE)
    return found


def axe(page: Page) -> list[str]:
    """Return axe's violations: rule, impact, and the first places."""
    results = Axe().run(page, options=OPTIONS).response
    return [
        f"axe {rule['id']} ({rule['impact']}): {_places(rule['nodes'])}"
        for rule in results["violations"]
    ]


def _places(nodes: Iterable[dict[str, object]]) -> str:
    found = [f"{node['target']} {node.get('failureSummary', '')}" for node in nodes]
    return "; ".join(" ".join(text.split())[:240] for text in found[:3])


def keyboard(page: Page) -> list[str]:
    """Return what is wrong with the skip link and the focus ring of the next stop."""
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.keyboard.press("Tab")
    wrong = []
    if not page.evaluate("document.activeElement.matches('a.skip')"):
        return ["the first stop is not the skip link"]
    if not page.evaluate(
        "(() => { const b = document.activeElement.getBoundingClientRect();"
        " return b.bottom > 0 && b.right > 0 && b.width > 1; })()"
    ):
        wrong.append("the skip link stays hidden when it has the focus")
    page.keyboard.press("Tab")
    if not page.evaluate(
        "(() => { const s = getComputedStyle(document.activeElement);"
        " return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2)"
        " || s.boxShadow !== 'none'; })()"
    ):
        wrong.append("the focus is not visible on " + page.evaluate(
            "document.activeElement.outerHTML.slice(0, 120)"))  # fmt: skip
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    if page.evaluate("location.hash") != "#main":
        wrong.append("the skip link leads nowhere")
    return wrong
