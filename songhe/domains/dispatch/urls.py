"""Routes of dispatch."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.dispatch import plan_urls, terms, views
from songhe.domains.dispatch.views import complaints, doors, marks, provider, worker_calls
from songhe.kit import Menu, screen

app_name = "dispatch"
_ORDER = "orders/<uuid:id>/"
urlpatterns = [
    screen(
        "rescues/",
        views.Board,
        action=terms.LIST,
        name="rescues",
        menu=Menu(section="desk", label=_("Going out"), icon="bike", order=20),
    ),
    screen("rescues/alarm/<uuid:id>/", views.Help, action=terms.LIST, name="help"),
    screen("rescues/alarm/<uuid:id>/card/", views.CardOfAlarm, action=terms.EMERGENCY,
           name="alarm_card"),
    screen("rescues/alarm/<uuid:id>/send/", views.Send, action=terms.SEND, name="send"),
    screen(
        "visits/",
        views.Samples,
        action=terms.SAMPLE,
        name="samples",
        menu=Menu(section="desk", label=_("Visits looked at"), icon="scan-search", order=80),
    ),
    screen("visits/marks/", marks.Marks, action=terms.MARK, name="marks", section="desk"),
    screen("visits/marks/export/", marks.ExportMarks, action=terms.MARK, name="export_marks",
           section="desk"),
    screen("visits/<uuid:id>/mark/", marks.MarkVisit, action=terms.MARK, name="mark"),
    screen("visits/<uuid:id>/unmark/", marks.UnmarkVisit, action=terms.MARK, name="unmark"),
    screen("visits/<uuid:id>/", views.Sample, action=terms.SAMPLE, name="sample", section="desk"),
    screen(
        "rescues/shift/",
        views.ShiftReport,
        action=terms.LIST,
        name="shift",
        menu=Menu(section="desk", label=_("Shift"), icon="clipboard-list", order=70),
    ),
    screen("rescues/worker/<uuid:id>/", worker_calls.WorkerCall, action=terms.SEND,
           name="worker_call", section="desk"),
    screen("rescues/worker/<uuid:id>/send/", worker_calls.SendColleague, action=terms.SEND,
           name="send_colleague"),
    screen("rescues/call/", views.CallIn, action=terms.MAKE, name="call", section="desk"),
    screen(
        "provider/week/",
        provider.MyWeek,
        action=terms.FIGURES,
        name="my_week",
        menu=Menu(section="desk", label=_("My week"), icon="chart-column", order=12),
    ),
    screen(
        "provider/orders/", provider.Orders, action=terms.FIGURES, name="orders", section="desk"
    ),
    screen(
        "complaints/",
        complaints.Complaints,
        action=terms.ANSWER,
        name="complaints",
        menu=Menu(section="desk", label=_("Complaints"), icon="message-square-warning", order=75),
    ),
    screen(
        "complaints/<uuid:id>/",
        complaints.ComplaintPage,
        action=terms.ANSWER,
        name="complaint",
        section="desk",
    ),
    screen(f"{_ORDER}", views.OrderPage, action=terms.VIEW, name="order", section="desk"),
    screen(f"{_ORDER}help/", views.OrderHelp, action=terms.LIST, name="order_help"),
    screen(f"{_ORDER}send/", views.SendOrder, action=terms.SEND, name="send_order"),
    screen(f"{_ORDER}back/", views.CallBack, action=terms.SEND, name="call_back"),
    screen(f"{_ORDER}off/", views.CallOff, action=terms.CANCEL, name="call_off"),
    screen(f"{_ORDER}card/", views.Card, action=terms.EMERGENCY, name="card", section="desk"),
    screen(
        "doors/",
        doors.Doors,
        action=terms.KEEP_DOORS,
        name="doors",
        menu=Menu(section="desk", label=_("Door codes"), icon="qr-code", order=68),
    ),
    screen("doors/print/", doors.PrintMany, action=terms.KEEP_DOORS, name="print_doors",
           section="desk"),
    screen("homes/<uuid:home_id>/door/", doors.DoorPage, action=terms.KEEP_DOORS, name="door",
           section="desk"),
    screen("homes/<uuid:home_id>/door/print/", doors.PrintOne, action=terms.KEEP_DOORS,
           name="print_door", section="desk"),
    screen("homes/<uuid:home_id>/door/end/", doors.EndCode, action=terms.KEEP_DOORS,
           name="end_door"),
    *plan_urls.screens,
]  # fmt: skip
