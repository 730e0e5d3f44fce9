"""A plan in words: why this worker, why nobody, and what stands in the way of a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.domains.dispatch.planning import Week
from songhe.domains.dispatch.terms import Aside
from songhe.engines.booking.terms import Span
from songhe.engines.routing import Code, Conflict, Reason, Why
from songhe.kit import formats

# What a planner calls a visit of a week: time and person, by the id of its order.
Name = Callable[[str], str]
_WHY = {
    Why.PINNED: gettext_lazy("It has been told already."),
    Why.ONLY_ABLE: gettext_lazy(
        "Nobody else holds the papers for it, or is whom the person wishes."
    ),
    Why.ONLY_FREE: gettext_lazy("Nobody else who could come has time then."),
    Why.USUAL: gettext_lazy("Usually comes to this person, or was wished for."),
    Why.WISH: gettext_lazy("The person wished for a woman or a man, and the next best is not."),
    Why.NEAREST: gettext_lazy("The shortest way of all."),
    Why.BALANCE: gettext_lazy("The next best has more to do already."),
    Why.OVERALL: gettext_lazy("It is best together with everything else in the week."),
}
_REASONS = {
    Reason.PINNED: gettext_lazy("As it was told it cannot be kept any more."),
    Reason.NO_SKILL: gettext_lazy("Nobody here holds the papers for it."),
    Reason.NO_GENDER: gettext_lazy(
        "A woman or a man is wished for, and none here holds the papers."
    ),
    Reason.NO_PAIR: gettext_lazy("It needs two workers, and only one holds the papers."),
    Reason.NO_SHIFT: gettext_lazy(
        "Who could come does not work then, or cannot get there in time."
    ),
    Reason.HOURS: gettext_lazy("Who could come has all hours of the day or the week."),
    Reason.TAKEN: gettext_lazy("Who could come is with somebody else then."),
}
_AGAINST_ONE = {
    Code.SKILL: gettext_lazy("%(worker)s lacks a paper that %(visit)s needs."),
    Code.GENDER: gettext_lazy("%(visit)s: a woman or a man is wished for, and %(worker)s is not."),
    Code.WINDOW: gettext_lazy("%(visit)s would be outside the time that was agreed."),
    Code.PIN: gettext_lazy("%(visit)s has been told otherwise."),
    Code.SHIFT: gettext_lazy("%(visit)s would be outside the hours of %(worker)s, ways counted."),
    Code.BUSY: gettext_lazy("%(visit)s: %(worker)s is away or elsewhere then."),
    Code.PAIR: gettext_lazy("%(visit)s needs two workers who begin together."),
    Code.TWICE: gettext_lazy("%(visit)s would have more workers than it needs."),
    Code.BREAK: gettext_lazy("%(worker)s would have no rest on the day of %(visit)s."),
    Code.DAY_HOURS: gettext_lazy("%(worker)s would work too long on the day of %(visit)s."),
    Code.UNKNOWN: gettext_lazy("%(visit)s cannot be planned by this organisation."),
}  # fmt: skip


def why_words(codes: Iterable[str]) -> list[str]:
    """Return why a worker makes a visit, a sentence each."""
    return [str(_WHY[Why(code)]) for code in codes]


def second_words(entry: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return who would be next and what that would cost more, that nobody else could, or "".

    "": it has been said already why it is only she.
    """
    if not entry["second"] and {Why.ONLY_ABLE, Why.ONLY_FREE} & {*entry["why"]}:
        return ""
    if not entry["second"]:
        return _("Nobody else could take it.")
    name = names.get(entry["second"], _("somebody else"))
    more = round(entry["way"])
    if more > 0:
        return _("Next best: %(name)s, %(n)d min more on the way.") % {"name": name, "n": more}
    if more < 0:
        return _("Next best: %(name)s, %(n)d min less on the way, but worse in all.") % {
            "name": name, "n": -more,
        }  # fmt: skip
    return _("Next best: %(name)s, the same way.") % {"name": name}


def usual_words(entry: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return why nobody comes who usually does, "" where one comes or nobody usually did."""
    if not entry.get("usual"):
        return ""
    name, more = names.get(entry["usual"], _("somebody else")), entry["usual_way"]
    if more is None:
        return _("%(name)s usually comes, and has no time then.") % {"name": name}
    if more > 0:
        return _("%(name)s usually comes, and would be %(n)d min longer on the way.") % {
            "name": name, "n": more,
        }  # fmt: skip
    return _("%(name)s usually comes; it is better in all like this.") % {"name": name}


def reason_words(code: str) -> str:
    """Return why nobody makes a visit."""
    return str(_REASONS[Reason(code)])


def aside_words(code: str) -> str:
    """Return why an order could not be planned; "" where a told visit breaks a rule by now."""
    if not code:
        return _(
            "It was told, and breaks a rule by now: a shift, a paper or a leave changed since."
        )
    return str(Aside(code).label)


def conflict_words(found: Iterable[Conflict], visit: Name, workers: Mapping[str, str]) -> list[str]:
    """Return what stands in the way, one sentence each; both visits are named where two are."""
    return [_one(conflict, visit, workers) for conflict in found]


def _one(conflict: Conflict, visit: Name, workers: Mapping[str, str]) -> str:
    worker = workers.get(conflict.worker, _("somebody else"))
    if conflict.code is Code.WEEK_HOURS:
        return _("%(worker)s would work %(n)d min too long in this week.") % {
            "worker": worker, "n": conflict.minutes,
        }  # fmt: skip
    names = [visit(one) for one in conflict.visits]
    if len(names) == 2 and conflict.code in (Code.OVERLAP, Code.TRAVEL):
        words = {"worker": worker, "one": names[0], "two": names[1], "n": conflict.minutes}
        if conflict.code is Code.OVERLAP:
            return _("%(worker)s would be at %(one)s and %(two)s at once, for %(n)d min.") % words
        return _("%(worker)s cannot get from %(one)s to %(two)s: %(n)d min are missing.") % words
    if len(names) == 2 and conflict.code is Code.BREAK:
        return _("Between %(one)s and %(two)s %(worker)s would have no rest.") % {
            "worker": worker, "one": names[0], "two": names[1],
        }  # fmt: skip
    return str(_AGAINST_ONE[conflict.code]) % {"worker": worker, "visit": names[0]}


def window_words(visit: str, window: Any) -> str:
    """Return that a visit would begin outside the time that was agreed, and which that is."""
    agreed = f"{formats.moment(window.lower)}–{formats.clock(window.upper)}"
    return _("%(visit)s would be outside the time that was agreed: it may begin %(agreed)s.") % {
        "visit": visit, "agreed": agreed,
    }  # fmt: skip


def moved_words(worker: str, begins_at: datetime) -> str:
    """Return that somebody else moved a visit meanwhile, and where it stands now."""
    return _(
        "It was changed meanwhile, and is now with %(who)s, %(when)s. Look before you move it."
    ) % {"who": worker, "when": formats.moment(begins_at)}


def away_words(worker: str, kind: str) -> str:
    """Return that a leave is in the way; kind: why she is away."""
    return _("%(worker)s is away then: %(kind)s.") % {"worker": worker, "kind": kind}


def booked_words(worker: str, span: Span) -> str:
    """Return that an appointment is in the way."""
    return _("%(worker)s has an appointment then, %(time)s.") % {
        "worker": worker, "time": f"{formats.moment(span.begins)}–{formats.clock(span.ends)}",
    }  # fmt: skip


def day_words(week: Week, minute: int) -> str:
    """Return a minute of a week as day and clock."""
    return formats.moment(week.at(minute))
