"""Sentences for people, made from a finding's rule, summary and params."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from songhe.kernel import codes
from songhe.kernel.detectors.rules import catalogue, limit_name, spec

Language = Literal["en", "zh"]
_JOIN: dict[str, str] = {"en": ", ", "zh": "、"}


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


def name(rule: str, language: Language) -> str:
    """Return what a rule is called; raises UnknownRule."""
    known = spec(rule)
    return known.en if language == "en" else known.zh


def why(
    rule: str, summary: Mapping[str, Any], params: Mapping[str, Any], language: Language
) -> str:
    """Return why a finding was made, as one or two sentences; a field that is not known is "–".

    summary and params are the finding's. summary["text"] chooses between a rule's sentences.
    Raises UnknownRule.
    """
    known = spec(rule)
    kind = str(summary.get("text", "why"))
    template = str(getattr(known, f"{kind}_{language}", "")) or str(
        getattr(known, f"why_{language}")
    )
    fields = _Fields()
    for source in (params, summary):
        fields.update({key: _plain(key, value) for key, value in source.items()})
    if "since_us" in summary:
        zone = ZoneInfo(str(summary.get("zone", "UTC")))
        since = datetime.fromtimestamp(summary["since_us"] / 1e6, UTC).astimezone(zone)
        fields["since"] = since.strftime("%H:%M")
    if "risk" in summary:
        _news2(fields, summary, language)
    return template.format_map(fields)


def _plain(key: str, value: Any) -> Any:
    split = limit_name(key)
    if split is not None and isinstance(value, int | float):
        return codes.by_key(split[0]).text(value)
    if isinstance(value, float) and value.is_integer():
        return int(value) if key not in ("value", "value2") else value
    return value


def _news2(fields: _Fields, summary: Mapping[str, Any], language: Language) -> None:
    table = catalogue().news2
    names = {part: words[language] for part, words in table["names"].items()}
    parts = [
        f"{names[part]} {given['value']} (+{given['score']})"
        if given["value"] is not None
        else f"{names[part]} (+{given['score']})"
        for part, given in summary["parts"].items()
    ]
    risks = table["risks"]
    if summary["risk"] in risks:
        fields[f"risk_{language}"] = risks[summary["risk"]][language]
    fields[f"parts_{language}"] = _JOIN[language].join(parts)
    fields[f"missing_{language}"] = _JOIN[language].join(names[p] for p in summary["missing"])
