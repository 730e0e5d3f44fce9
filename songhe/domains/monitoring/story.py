"""One alarm's story: each source that spoke, when, how sure; and what a second look showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from songhe.domains.monitoring import words
from songhe.domains.monitoring.selectors import EvidenceLink
from songhe.kernel.detectors.rules import UnknownRule, spec
from songhe.kit import formats


@dataclass(frozen=True, slots=True)
class Source:
    """One line of the story; percent is empty where the source does not say how sure it is."""

    time: str
    iso: str
    name: str
    said: str
    percent: str
    over: bool = False


def percent(certainty: float | None) -> str:
    """Return a certainty as people read it, never quite sure: 92%."""
    return "" if certainty is None else f"{min(99, max(1, round(certainty * 100)))}%"


def sure_words(certainty: float | None) -> str:
    """Return how sure an alarm is, empty where none of its sources says."""
    if certainty is None:
        return ""
    return _("certainty %(percent)s") % {"percent": percent(certainty)}


def sources(links: Sequence[EvidenceLink]) -> list[Source]:
    """Return the sources of an alarm, oldest first: one line a rule and device, its newest word.

    links: newest first. Nothing where one source alone has spoken: the page says it already.
    """
    ended = {link.finding.of for link in links if link.finding.phase == "cleared"}
    newest: dict[tuple[str, Any], EvidenceLink] = {}
    for link in links:
        if link.finding.phase != "cleared":
            newest.setdefault((link.finding.rule, link.finding.device), link)
    if len(newest) < 2:
        return []
    return [
        _source(link, over=(link.finding.of or link.finding.pk) in ended)
        for link in sorted(newest.values(), key=lambda link: link.finding.onset_at)
    ]


def _source(link: EvidenceLink, *, over: bool) -> Source:
    finding = link.finding
    try:
        usual = spec(finding.rule).certainty
    except UnknownRule:
        usual = None
    said = finding.summary.get("certainty", usual)
    return Source(
        time=formats.clock(finding.onset_at, seconds=True),
        iso=finding.onset_at.isoformat(),
        name=words.rule_name(finding.rule),
        said=link.why,
        percent=percent(said),
        over=over,
    )


def looked(who: str, data: dict[str, Any]) -> str:
    """Return what a second look showed, as a line of the course."""
    seen = data.get("seen", ())
    said = [_LOOKED[name](data) for name in _LOOKED if name in seen]
    if "moved" not in seen and "still" not in seen:
        said.append(_("no sensor of the home could tell whether anybody moves"))
    if data.get("after") is not None:
        said.append(sure_words(float(data["after"])))
    words_ = (", " if words.is_english() else "，").join(said)
    return _("Second look: %(what)s") % {"what": words_}


def _moved(data: dict[str, Any]) -> str:
    rooms = _(", ").join(data.get("rooms", ()))
    return _("movement in %(rooms)s") % {"rooms": rooms} if rooms else _("somebody moves")


_LOOKED: dict[str, Callable[[dict[str, Any]], str]] = {
    "still": lambda data: (
        _("nothing moved at home in %(seconds)s seconds") % {"seconds": data.get("after_s", 60)}
    ),
    "moved": _moved,
    "asked_for_help": lambda data: _("asked by the speaker, a voice called for help"),
    "answered_well": lambda data: _("asked by the speaker, a voice said that all is well"),
    "no_answer": lambda data: _("asked by the speaker, nobody answered"),
}
