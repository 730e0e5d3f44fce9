"""Routes of who plans: weeks, and what comes again and again."""

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from songhe.domains.dispatch import terms
from songhe.domains.dispatch.views import hours, plans, repairs, series
from songhe.kit import Menu, screen


def _plan(route: str, view: type[View], name: str) -> URLPattern:
    return screen(route, view, action=terms.PLAN, name=name, section="desk")


screens = [
    screen(
        "plans/",
        plans.Plans,
        action=terms.PLAN,
        name="plans",
        menu=Menu(section="desk", label=_("Plan of the week"), icon="calendar-days", order=25),
    ),
    _plan("plans/propose/", plans.Propose, "propose"),
    _plan("plans/publish/", plans.Publish, "publish"),
    screen("plans/away/", repairs.Away, action=terms.KEEP_SHIFTS, name="away", section="desk"),
    screen(
        "plans/hours/<uuid:worker_id>/",
        hours.Hours,
        action=terms.KEEP_SHIFTS,
        name="hours",
        section="desk",
    ),
    screen(
        "plans/leaves/<uuid:id>/end/", hours.EndLeave, action=terms.KEEP_SHIFTS, name="end_leave"
    ),
    _plan("plans/<uuid:id>/stop/", plans.StopPlan, "stop_plan"),
    _plan("plans/visits/<uuid:id>/", plans.PlannedVisit, "planned_visit"),
    _plan("plans/orders/<uuid:id>/", plans.PlaceOrder, "place_order"),
    _plan("plans/orders/<uuid:id>/drop/", plans.DropVisit, "drop_visit"),
    _plan("plans/repairs/<uuid:id>/", repairs.Repair, "repair"),
    _plan("plans/repairs/<uuid:id>/take/", repairs.TakeRepair, "take_repair"),
    _plan("plans/repairs/<uuid:id>/again/", repairs.AskAgain, "ask_again"),
    screen(
        "people/<uuid:person_id>/services/",
        series.PersonServices,
        action=terms.LIST,
        name="services",
        section="desk",
    ),
    screen(
        "people/<uuid:person_id>/services/new/",
        series.NewSeries,
        action=terms.MAKE,
        name="new_series",
        section="desk",
    ),
    screen("series/<uuid:id>/state/", series.SetState, action=terms.MAKE, name="series_state"),
]
