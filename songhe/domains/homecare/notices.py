"""The kinds of notices about beds: an agreement ends, a review is late, two beds, a death."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from songhe.base.access.actor import Actor
from songhe.base.notify.kinds import NoticeKind, declare
from songhe.base.notify.terms import Channel
from songhe.domains.people import selectors as people
from songhe.kit import formats

AGREEMENT_ENDS = "homecare.agreement_ends"
REVIEW_OVERDUE = "homecare.review_overdue"
PAUSE_OVERDUE = "homecare.pause_overdue"
TWO_BEDS = "homecare.two_beds"
TWO_PERSONS = "homecare.two_persons"
PERSON_DIED = "homecare.person_died"
APPLIED = "homecare.applied"
MOVED = "homecare.moved"
OBJECTION = "homecare.objection"
OBJECTION_OVERDUE = "homecare.objection_overdue"
_REF = "homecare.HomeBed"

# What her own people are told, by what happened.
WORDS = {
    "applied": _("somebody applied for it. Somebody will come to see the home."),
    "visit": _("somebody comes to see the home, %(when)s."),
    "fit": _("somebody comes to fit the home, %(when)s."),
    "visit_off": _("the visit is called off. A new time is arranged."),
    "accepted": _("the application is accepted. The home is being fitted."),
    "refused": _("the application was refused. Read why, and what you can do."),
    "active": _("it is in use from today on."),
    "paused": _("it rests for now. Read why."),
    "ended": _("it has ended. Read why."),
    "objection": _("your objection was answered."),
    "late": _("the day for the answer has passed. The county was told."),
}


def day_in_words(_actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the params with their day as the reader writes it."""
    return {**params, "day": formats.short_date(date.fromisoformat(str(params["day"])))}


def in_words(actor: Actor, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return whose bed it is and what happened in the reader's language.

    Whose is said where her name is open to the reader.
    """
    words = str(WORDS[str(params["what"])])
    if when := str(params["when"]):
        words = words % {"when": formats.moment(datetime.fromisoformat(when))}
    person_id = UUID(str(params["person"])) if "person" in params else None
    found = people.person_views(actor, [person_id]) if person_id is not None else {}
    person = found.get(person_id) if person_id is not None else None
    if person is not None and "identity" in person.fields:
        bed = gettext("Home care bed of %(who)s") % {"who": person.name}
    else:
        bed = gettext("Home care bed")
    return {**params, "bed": bed, "words": words}


def register() -> None:
    """Called when the app is ready."""
    declare(
        NoticeKind(
            AGREEMENT_ENDS,
            title=_("Home care bed %(number)s: the agreement ends on %(day)s"),
            body=_("Sign the next one before it ends, or let the bed end."),
            glance=_("An agreement ends soon"),
            message=_("The agreement of a home care bed ends soon. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            REVIEW_OVERDUE,
            title=_("Home care bed %(number)s: the monthly review was due on %(day)s"),
            body=_("Look at the goals of the care plan and write the review down."),
            glance=_("A monthly review is overdue"),
            message=_("The monthly review of a home care bed is overdue. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            PAUSE_OVERDUE,
            title=_("Home care bed %(number)s: the pause was to be looked at by %(day)s"),
            body=_("Take the bed up again, pause it further, or let it end."),
            glance=_("A pause is to be looked at"),
            message=_("A home care bed is still paused. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            APPLIED,
            title=_("Home care bed %(number)s: applied for"),
            body=_("Arrange a home visit, then write down what it found."),
            glance=_("A home care bed was applied for"),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            MOVED,
            title=_("%(bed)s: %(words)s"),
            glance=_("News of the home care bed"),
            message=_("There is news of the home care bed. Open Songhe to read it."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
            resolve=in_words,
        )
    )
    declare(
        NoticeKind(
            OBJECTION,
            title=_("Home care bed %(number)s: its refusal is objected to"),
            body=_("Look into it and answer until %(day)s."),
            glance=_("A refusal is objected to"),
            message=_("The refusal of a home care bed is objected to. Open Songhe to answer."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            OBJECTION_OVERDUE,
            title=_("Home care bed %(number)s: an objection was to be answered by %(day)s"),
            body=_("Her family waits for the answer, and was told that the day has passed."),
            glance=_("An answer is overdue"),
            message=_("An objection about a home care bed is overdue. Open Songhe to answer."),
            channels=(Channel.PAGE, Channel.PUSH, Channel.SMS),
            ref=_REF,
            resolve=day_in_words,
        )
    )
    declare(
        NoticeKind(
            TWO_BEDS,
            title=_("Home care bed %(number)s: its person has another bed, %(other)s"),
            body=_("Two entries of the register became one. Let one of the two beds end."),
            glance=_("One person has two home care beds"),
            message=_("One person has two home care beds. Open Songhe to see them."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            TWO_PERSONS,
            title=_("Home care bed %(number)s: its entry in the register stands by itself again"),
            body=_("Look whose bed it is. What rested can go on; what ended is applied for anew."),
            glance=_("Two entries are two persons again"),
            message=_("Two entries of the register are two persons again. Open Songhe to see."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
        )
    )
    declare(
        NoticeKind(
            PERSON_DIED,
            title=_("Home care bed %(number)s: its person is recorded as dead"),
            body=_("Its services rest. Let the bed end, and fetch the equipment."),
            glance=_("A home care bed rests"),
            message=_("A home care bed rests and is to be ended. Open Songhe to see it."),
            channels=(Channel.PAGE, Channel.PUSH),
            ref=_REF,
        )
    )
