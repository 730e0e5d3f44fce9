"""Rules in words: what they judge, by which limits; their parameters as fields with units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.domains.monitoring import bounds, words
from songhe.domains.monitoring.terms import PriorityWord
from songhe.domains.telemetry.terms import unit_words
from songhe.kernel import codes
from songhe.kernel.detectors.rules import Spec, catalogue, limit_name, spec
from songhe.kit import formats

SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
LEVELS = {"critical": "high", "urgent": "medium", "warn": "low", "unknown": "unknown"}
_MINUTE_S = 60
_SHARES = frozenset({"least", "sure_from", "run_sure", "stretch", "pause_s"})
TIMES = frozenset({"from", "until"})
CHOSEN = frozenset({"out_level"})
_NAMES: dict[str, tuple[Any, Any]] = {
    "repeat": (gettext_lazy("Confirming readings"), gettext_lazy("readings")),
    "window_s": (gettext_lazy("All of them within"), gettext_lazy("s")),
    "min_gap_s": (gettext_lazy("Shortest time between two of them"), gettext_lazy("s")),
    "for_s": (gettext_lazy("Must last"), gettext_lazy("s")),
    "max_gap_s": (gettext_lazy("Longest gap while it lasts"), gettext_lazy("s")),
    "clear_repeat": (gettext_lazy("Good readings until it is over"), gettext_lazy("readings")),
    "again_s": (gettext_lazy("Told again after"), gettext_lazy("s")),
    "episode_s": (gettext_lazy("A new trouble after"), gettext_lazy("s")),
    "quiet_s": (gettext_lazy("Presses count as one within"), gettext_lazy("s")),
    "max_age_s": (gettext_lazy("Values count together within"), gettext_lazy("s")),
    "scale": (gettext_lazy("Oxygen scale of NEWS2 (2: target 88–92 %)"), ""),
    "medium": (gettext_lazy("Medium from"), gettext_lazy("points")),
    "high": (gettext_lazy("High from"), gettext_lazy("points")),
    "single": (gettext_lazy("One part alone from"), gettext_lazy("points")),
    "sign_score": (gettext_lazy("Another part of the score from"), gettext_lazy("points")),
    "from": (gettext_lazy("Night begins at"), ""),
    "until": (gettext_lazy("Night ends at"), ""),
    "minutes": (gettext_lazy("Longest time out of bed"), gettext_lazy("min")),
    "back_within_s": (gettext_lazy("Expected back within"), gettext_lazy("s")),
    "settle_s": (gettext_lazy("The door may settle for"), gettext_lazy("s")),
    "margin_m": (gettext_lazy("Back when inside by"), gettext_lazy("m")),
    "accuracy_m": (gettext_lazy("Accuracy where none is told"), gettext_lazy("m")),
    "max_accuracy_m": (gettext_lazy("Fixes less sure than this say nothing"), gettext_lazy("m")),
    "pulse_pressure_min": (gettext_lazy("Smallest difference of the two values"), "mmHg"),
    "block_n": (gettext_lazy("The same block of values"), gettext_lazy("times")),
    "pair_n": (gettext_lazy("The same pair of values"), gettext_lazy("times")),
    "least": (gettext_lazy("Least certainty"), ""),
    "sure_from": (gettext_lazy("Sure from a certainty of"), ""),
    "hold_s": (gettext_lazy("Must hold for"), gettext_lazy("s")),
    "pause_s": (gettext_lazy("Longest time without a beat"), gettext_lazy("s")),
    "run_beats": (gettext_lazy("Broad beats one after another"), gettext_lazy("beats")),
    "run_per_min": (gettext_lazy("At a rate from"), gettext_lazy("/min")),
    "least_min": (gettext_lazy("Never missed before"), gettext_lazy("min")),
    "stretch": (gettext_lazy("Times the usual silence"), ""),
    "later_min": (gettext_lazy("Later than usual by"), gettext_lazy("min")),
    "run_sure": (gettext_lazy("Broad beats count from a certainty of"), ""),
    "loss_pct": (gettext_lazy("A loss of at least"), "%"),
    "gain_kg": (gettext_lazy("A gain of at least"), "kg"),
    "over_days": (gettext_lazy("Over a time of"), gettext_lazy("days")),
    "again_days": (gettext_lazy("Told again after"), gettext_lazy("days")),
    "single_n": (gettext_lazy("The same single value"), gettext_lazy("times")),
}
# What a kind of rule means by a name that others use otherwise.
_NAMES_OF_KIND: dict[str, dict[str, tuple[Any, Any]]] = {
    "not-back": {
        "from": (gettext_lazy("Home by"), ""),
        "until": (gettext_lazy("Looked for until"), ""),
        "max_age_s": (gettext_lazy("The last position counts for"), gettext_lazy("s")),
    },
    "quiet": {"out_level": (gettext_lazy("Priority when the person went out"), "")},
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a rule: its words, its unit, how it ships; kind is number, time or level."""

    name: str
    label: str
    unit: str
    kind: str
    shipped: Any
    decimals: int

    def show(self, value: Any) -> str:
        """Return a value as people read it."""
        if value is None:
            return _("off")
        if self.kind == "time":
            return str(value)
        if self.kind == "level":
            return str(PriorityWord(LEVELS[value]).label)
        if self.name.endswith("_s") and value >= _MINUTE_S and value % _MINUTE_S == 0:
            return formats.span(timedelta(seconds=value))
        text = f"{float(value):.{self.decimals}f}" if self.decimals else f"{float(value):g}"
        return f"{text} {self.unit}".strip()


def name_of(row: Spec) -> str:
    """Return a rule's name in the reader's language."""
    return row.en if words.is_english() else row.zh


def code_name(code: codes.Code) -> str:
    """Return a code's name in the reader's language."""
    return code.en if words.is_english() else code.zh


def rule_choices() -> list[tuple[str, str]]:
    """Return every rule with its name, for a form."""
    return [(row.id, name_of(row)) for row in catalogue().rules.values()]


def parameters(rule: str) -> list[Parameter]:
    """Return the parameters of a rule that people may change, limits first.

    Lists and names of codes are how a rule is built; they are not offered.
    """
    row = spec(rule)
    names = _NAMES | _NAMES_OF_KIND.get(row.kind, {})
    limits, others = [], []
    for name, value in row.params.items():
        split, margin = limit_name(name), name.removesuffix("_margin")
        if split is not None:
            limits.append(_limit(name, split, value))
        elif margin != name:
            code = codes.by_key(margin)
            label = _("%(what)s: must come back by") % {"what": code_name(code)}
            unit = unit_words(code)
            others.append(Parameter(name, label, unit, "number", value, code.decimals))
        elif name in names:
            said, of = names[name]
            kind = "time" if name in TIMES else "level" if name in CHOSEN else "number"
            decimals = 2 if name in _SHARES else 0
            others.append(Parameter(name, str(said), str(of), kind, value, decimals))
    return [*limits, *others]


def _limit(name: str, split: tuple[str, str], value: Any) -> Parameter:
    code = codes.by_key(split[0])
    label = f"{code_name(code)} {SIGNS[split[1]]}"
    return Parameter(name, label, unit_words(code), "number", value, code.decimals)


def conditions(rule: str, params: Mapping[str, Any]) -> str:
    """Return by which limits a rule rings, such as 收缩压 ≥ 180 mmHg 或 舒张压 ≥ 110 mmHg."""
    limits = []
    for parameter in parameters(rule):
        value = params.get(parameter.name, parameter.shipped)
        if limit_name(parameter.name) and value is not None:
            limits.append(f"{parameter.label} {parameter.show(value)}")
    said = [_(" or ").join(limits)] if limits else []
    said += _timing(params)
    return _("; ").join(said)


def _timing(params: Mapping[str, Any]) -> list[str]:
    said = []
    if params.get("minutes") is not None and "from" in params:
        said.append(_("out of bed for %(n)g min between %(from)s and %(until)s") % {
            "n": params["minutes"], "from": params["from"], "until": params["until"]})  # fmt: skip
    elif "from" in params:
        said.append(_("between %(from)s and %(until)s") % {
            "from": params["from"], "until": params["until"]})  # fmt: skip
    if params.get("loss_pct"):
        said.append(_("a loss of %(n)g %% within %(days)g days") % {
            "n": params["loss_pct"], "days": params["over_days"]})  # fmt: skip
    if params.get("gain_kg"):
        said.append(_("a gain of %(n)g kg within %(days)g days") % {
            "n": params["gain_kg"], "days": params["over_days"]})  # fmt: skip
    if params.get("repeat", 1) > 1:
        said.append(_("%(n)g readings within %(minutes)g min") % {
            "n": params["repeat"], "minutes": params.get("window_s", 0) / 60})  # fmt: skip
    if params.get("for_s"):
        said.append(_("lasting %(minutes)g min") % {"minutes": params["for_s"] / 60})
    if "medium" in params and "high" in params:
        said.append(_("total of %(medium)g and more, or %(single)g in one part") % {
            "medium": params["medium"], "single": params["single"]})  # fmt: skip
    return said


def departure_words(rule: str, found: Iterable[bounds.Departure]) -> list[str]:
    """Return in what a rule would be laxer than its source, a sentence each."""
    names = {one.name: one for one in parameters(rule)}
    said = []
    for one in found:
        shown = names.get(one.name)
        if one.what == "off":
            said.append(_("The rule would not ring at all."))
        elif shown is None:
            continue
        elif one.what == "limit_off":
            said.append(_("%(what)s %(value)s would not count any more.") % {
                "what": shown.label, "value": shown.show(one.shipped)})  # fmt: skip
        else:
            said.append(_("%(what)s: %(value)s, where the source says %(shipped)s.") % {
                "what": shown.label, "value": shown.show(one.value),
                "shipped": shown.show(one.shipped)})  # fmt: skip
    return said


def differences(
    rule: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return (what, before, after) of two states {"enabled", "params"} of a rule, in words."""
    found = []
    if before["enabled"] != after["enabled"]:
        on = {True: _("is on"), False: _("is off")}
        found.append((_("This rule"), on[before["enabled"]], on[after["enabled"]]))
    for one in parameters(rule):
        was, is_now = before["params"].get(one.name), after["params"].get(one.name)
        if was != is_now:
            found.append((one.label, one.show(was), one.show(is_now)))
    return found
