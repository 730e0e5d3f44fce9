"""Words of home care beds."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.homecare.equipment import equipment_for as equipment_for
from songhe.domains.homecare.equipment import table as table

VIEW = "homecare.view_bed"
LIST = "homecare.list_beds"
APPLY = "homecare.apply"
ASSESS = "homecare.assess"
FIT = "homecare.fit"
AGREE = "homecare.agree"
PLAN = "homecare.plan_care"
REVIEW = "homecare.review"
MOVE = "homecare.move_bed"
WARD = "homecare.view_ward"
KEEP_WARD = "homecare.keep_ward"
ASK = "homecare.ask"  # of her own people: apply, object
ANSWER = "homecare.answer_objection"


class BedState(TextChoices):
    """The road of a bed."""

    APPLIED = "applied", pgettext_lazy("a home care bed", "applied for")
    ASSESSED = "assessed", pgettext_lazy("a home care bed", "assessed")
    FITTING = "fitting", pgettext_lazy("a home care bed", "being fitted")
    FITTED = "fitted", pgettext_lazy("a home care bed", "fitted")
    AGREED = "agreed", pgettext_lazy("a home care bed", "agreed")
    ACTIVE = "active", pgettext_lazy("a home care bed", "in use")
    PAUSED = "paused", pgettext_lazy("a home care bed", "paused")
    ENDED = "ended", pgettext_lazy("a home care bed", "ended")
    REFUSED = "refused", pgettext_lazy("a home care bed", "refused")


OVER = ("ended", "refused")
OPEN = tuple(state.value for state in BedState if state.value not in OVER)
ROAD = ("applied", "assessed", "fitting", "fitted", "agreed", "active")


class Purpose(TextChoices):
    """What a visit is arranged for."""

    ASSESS = "assess", pgettext_lazy("a visit", "home visit")
    FIT = "fit", pgettext_lazy("a visit", "fitting at home")


class Basis(TextChoices):
    """What an ability level rests on."""

    VISIT = "visit", _("home visit by GB/T 42195-2022")
    CERTIFICATE = "certificate", _("certificate of an assessment agency")
    INSURANCE = "insurance", _("decision of long-term care insurance")
    DISABILITY = "disability", _("disability certificate")


class AgreementForm(TextChoices):
    """How an agreement was signed."""

    SCREEN = "screen", _("signed on the screen")
    PAPER = "paper", _("paper, scanned")


class Signer(TextChoices):
    """Who signed for the person's side."""

    SELF = "self", pgettext_lazy("who signs", "the person herself")
    GUARDIAN = "guardian", pgettext_lazy("who signs", "her guardian")
    AGENT = "agent", pgettext_lazy("who signs", "whom she authorised")


class Next(TextChoices):
    """What a review leads to."""

    GO_ON = "go_on", pgettext_lazy("after a review", "go on as planned")
    NEW_PLAN = "new_plan", pgettext_lazy("after a review", "write a new care plan")
    REASSESS = "reassess", pgettext_lazy("after a review", "assess anew")
    PAUSE = "pause", pgettext_lazy("after a review", "pause the bed")
    END = "end", pgettext_lazy("after a review", "end the bed")


class Outcome(TextChoices):
    """What an objection to a refusal led to."""

    REOPENED = "reopened", pgettext_lazy("an objection", "the application is taken up again")
    STANDS = "stands", pgettext_lazy("an objection", "the refusal stands")


class ReturnState(TextChoices):
    """A device that is to come back when a bed has ended."""

    DUE = "due", _("to be fetched")
    BACK = "back", _("back")
    LOST = "lost", pgettext_lazy("equipment", "lost")
    STAYS = "stays", pgettext_lazy("equipment", "stays, for the next bed")


class Found(TextChoices):
    """What a look at a bed found."""

    WELL = "well", pgettext_lazy("a round", "all well")
    NEEDS = "needs", pgettext_lazy("a round", "needs something")
    UNSEEN = "unseen", pgettext_lazy("a round", "not reached")
