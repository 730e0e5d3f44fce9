"""Routes of home care beds."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.homecare import terms
from songhe.domains.homecare.views import bed, handing, lists, visiting, ward
from songhe.kit import Menu, screen

app_name = "homecare"
_BED = "beds/<uuid:id>/"
urlpatterns = [
    screen(
        "beds/",
        lists.Beds,
        action=terms.LIST,
        name="beds",
        menu=Menu(
            section="desk", label=pgettext_lazy("menu", "Home care beds"), icon="bed", order=45
        ),
    ),
    screen("beds/apply/", lists.Apply, action=terms.APPLY, name="apply", section="desk"),
    screen(
        "people/<uuid:person_id>/beds/", lists.BedsOfPerson, action=terms.VIEW, name="of_person"
    ),
    screen(_BED, bed.BedPage, action=terms.VIEW, name="bed", section="desk"),
    screen(f"{_BED}assess/", bed.Assess, action=terms.ASSESS, name="assess", section="desk"),
    screen(f"{_BED}accept/", bed.Accept, action=terms.ASSESS, name="accept"),
    screen(f"{_BED}fit/", bed.Fit, action=terms.FIT, name="fit", section="desk"),
    screen(
        f"{_BED}assess/visit/",
        visiting.ArrangeAssessment,
        action=terms.ASSESS,
        name="visit",
        section="desk",
    ),
    screen(
        f"{_BED}assess/visit/off/",
        visiting.CallOffAssessment,
        action=terms.ASSESS,
        name="visit_off",
    ),
    screen(
        f"{_BED}fit/visit/",
        visiting.ArrangeFitting,
        action=terms.FIT,
        name="fit_visit",
        section="desk",
    ),
    screen(
        f"{_BED}fit/visit/off/", visiting.CallOffFitting, action=terms.FIT, name="fit_visit_off"
    ),
    screen(f"{_BED}fitted/", bed.Fitted, action=terms.FIT, name="fitted"),
    screen(f"{_BED}agree/", bed.Agree, action=terms.AGREE, name="agree", section="desk"),
    screen(f"{_BED}plan/", bed.Plan, action=terms.PLAN, name="plan", section="desk"),
    screen(f"{_BED}use/", bed.Activate, action=terms.MOVE, name="use"),
    screen(f"{_BED}resume/", bed.Resume, action=terms.MOVE, name="resume"),
    screen(f"{_BED}stop/<slug:move>/", bed.Stop, action=terms.MOVE, name="stop", section="desk"),
    screen(f"{_BED}review/", bed.ReviewPage, action=terms.REVIEW, name="review", section="desk"),
    screen(f"{_BED}objection/", bed.Answer, action=terms.ANSWER, name="objection", section="desk"),
    screen(f"{_BED}returns/<uuid:return_id>/", bed.Return, action=terms.FIT, name="return"),
    screen(
        "ward/",
        ward.WardPage,
        action=terms.WARD,
        name="ward",
        menu=Menu(section="desk", label=_("Ward"), icon="house", order=25),
    ),
    screen(f"{_BED}look/", ward.Look, action=terms.KEEP_WARD, name="look", section="desk"),
    screen(f"{_BED}risk/", ward.Risk, action=terms.KEEP_WARD, name="risk", section="desk"),
    screen("ward/round/", ward.RoundPage, action=terms.KEEP_WARD, name="round", section="desk"),
    screen(
        "ward/handover/", handing.HandOver, action=terms.KEEP_WARD, name="hand_over", section="desk"
    ),
    screen(
        "ward/handover/<uuid:id>/",
        handing.HandoverSheet,
        action=terms.WARD,
        name="handover",
        section="desk",
    ),
    screen("ward/handover/<uuid:id>/take/", handing.TakeOver, action=terms.KEEP_WARD, name="take"),
]
