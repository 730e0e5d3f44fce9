"""Words of orders, visits and what happens at the door."""

from __future__ import annotations

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

VIEW = "dispatch.view_order"
LIST = "dispatch.list_orders"
MAKE = "dispatch.make_order"
SEND = "dispatch.send_helper"
PLAN = "dispatch.plan_visits"
WORK = "dispatch.work"
ASK = "dispatch.ask_service"
CANCEL = "dispatch.cancel_order"
RUN = "dispatch.run_order"
EMERGENCY = "dispatch.call_emergency"
KEEP_SHIFTS = "dispatch.keep_shifts"
ANSWER = "dispatch.answer_complaint"
SAMPLE = "dispatch.sample_visits"
FIGURES = "dispatch.view_figures"
MARK = "dispatch.mark_visit"
KEEP_DOORS = "dispatch.keep_doors"
VIEW_PERSON = "people.view_person"
CHOOSE = (SEND, PLAN)  # who chooses whom to send knows who there is


class OrderKind(TextChoices):
    """Help at once, or a service at a time."""

    RESCUE = "rescue", _("Help at once")
    SERVICE = "service", _("Service")


class Source(TextChoices):
    """What an order came from."""

    ALARM = "alarm", _("an alarm")
    CALL = "call", _("a call")
    WISH = "wish", _("a wish")
    SERIES = "series", _("a series")
    HOMECARE = "homecare", _("a care plan")


class OrderState(TextChoices):
    ASKED = "asked", _("asked for")
    ACCEPTED = "accepted", _("accepted")
    PLANNED = "planned", _("planned")
    UNDER_WAY = "under_way", _("under way")
    DONE = "done", _("done")
    CLOSED = "closed", pgettext_lazy("an order", "closed")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("not carried out")


class VisitState(TextChoices):
    PLANNED = "planned", _("planned")
    TOLD = "told", _("told")
    ON_WAY = "on_way", _("on the way")
    ARRIVED = "arrived", _("at the door")
    WORKING = "working", _("at work")
    DONE = "done", _("done")
    NOT_DONE = "not_done", _("not carried out")
    CANCELLED = "cancelled", _("cancelled")


OPEN_ORDERS = ("asked", "accepted", "planned", "under_way")
OPEN_VISITS = ("planned", "told", "on_way", "arrived", "working")


class HappeningKind(TextChoices):
    """What a worker's phone tells. Some move the visit; a place on the way leaves no row."""

    SET_OFF = "set_off", _("set off")
    ARRIVED = "arrived", _("arrived")
    BEGAN = "began", _("began")
    STEP = "step", _("step done")
    DONE = "done", _("done")
    NOT_DONE = "not_done", _("not carried out")
    SKIPPED = "skipped", _("step left out")
    NOTE = "note", _("note")
    PHOTO = "photo", _("photo")
    SIGNATURE = "signature", _("signature")
    MEASURE = "measure", _("measured")
    PLACE = "place", _("place")
    HELP = "help", _("needs help")


class Way(TextChoices):
    """How somebody showed that she stands at the door."""

    QR = "qr", _("code at the door")
    CODE = "code", _("code from the family")
    GPS = "gps", _("place of the phone")
    NONE = "none", _("not shown")


class OfferAnswer(TextChoices):
    OPEN = "open", _("waiting for an answer")
    TAKEN = "taken", pgettext_lazy("an offer", "taken")
    REFUSED = "refused", pgettext_lazy("an offer", "refused")
    MISSED = "missed", _("no answer")
    WITHDRAWN = "withdrawn", _("withdrawn")


class WhyNot(TextChoices):
    """Why a visit was not carried out."""

    NOBODY = "nobody", _("nobody opened")
    REFUSED = "refused", _("did not want it")
    ILL = "ill", _("ill, taken to hospital")
    UNSAFE = "unsafe", _("not safe")
    OTHER = "other", _("something else")


class LeftOut(TextChoices):
    """Why a step was left out."""

    UNWANTED = "unwanted", _("She does not want it")
    NOT_NEEDED = "not-needed", _("Not needed today")
    NOT_POSSIBLE = "not-possible", _("Not possible")


class NotHerDoor(TextChoices):
    """Why a phone does not show that it is at her door."""

    PHONE = "phone", _("The place of the phone is wrong")
    ELSEWHERE = "elsewhere", _("She is somewhere else today")
    NO_CODE = "no-code", _("There is no code at the door")
    OTHER_CODE = "other-code", _("An old or a wrong code hangs there")


class Quick(TextChoices):
    """What is often to be told of a visit, by one press; kept as a note like any other."""

    SPIRITS = "quick:spirits", _("In good spirits")
    LOW = "quick:low", _("Low, or worried")
    LITTLE = "quick:eats-little", _("Eats little")
    UNWELL = "quick:unwell", _("Feels unwell")
    SKIN = "quick:skin", _("Skin is sore")
    BROKEN = "quick:broken", _("Something is broken")


def said(kind: type[TextChoices], kept: str) -> str:
    """Return what was chosen in the reader's language; what was written by hand as it is."""
    return str(kind(kept).label) if kept in kind.values else kept


class LeaveKind(TextChoices):
    """Why a worker is not there."""

    ILL = "ill", pgettext_lazy("a worker", "ill")
    HOLIDAY = "holiday", _("on holiday")
    TAUGHT = "taught", _("at a course")
    OTHER = "other", _("something else")


class SeriesState(TextChoices):
    """A series goes on, rests, or has ended."""

    ACTIVE = "active", _("goes on")
    PAUSED = "paused", _("rests")
    ENDED = "ended", _("ended")


class Face(IntegerChoices):
    """How a service was, in three faces."""

    BAD = 1, _("not good")
    FAIR = 2, _("all right")
    GOOD = 3, _("good")


class About(TextChoices):
    """What a complaint is about."""

    LATE = "late", _("came late or not at all")
    WORK = "work", _("the work")
    MANNER = "manner", _("the manner")
    MONEY = "money", _("the price")
    OTHER = "other", _("something else")


class ComplaintState(TextChoices):
    OPEN = "open", _("is looked into")
    ANSWERED = "answered", _("answered")


class PlanKind(TextChoices):
    WEEK = "week", _("a week")
    REPAIR = "repair", _("somebody is away")


class PlanAim(TextChoices):
    """What counts more in a plan; the prices of each stand in data/dispatch.yaml."""

    WAYS = "ways", _("short ways")
    FACES = "faces", _("who usually comes")


class PlanState(TextChoices):
    """How far a plan that is worked out in the background is."""

    WAITING = "waiting", _("waits for its turn")
    RUNNING = "running", _("is worked out")
    DONE = "done", pgettext_lazy("a plan", "done")
    FAILED = "failed", _("broke off")
    CANCELLED = "cancelled", pgettext_lazy("a plan", "stopped")


UNFINISHED_PLANS = ("waiting", "running")
ENDED_PLANS = ("failed", "cancelled")  # they came to nothing


class Trouble(TextChoices):
    """Why a plan failed; nothing was changed then."""

    CHANGED = "changed", _("The week was changed meanwhile. Plan it again.")
    BROKEN = "broken", _("It broke off. Try again; if it breaks off again, tell the administrator.")


class Aside(TextChoices):
    """Why an order could not be planned at all."""

    NO_PLACE = "no_place", _("Where the home is on the map is not known.")
    PASSED = "passed", _("Its time has passed.")
