"""Routes of billing."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.billing import views
from songhe.domains.billing.terms import (
    CHECK,
    EXPORT,
    NOTE,
    PAY,
    REVERSE,
    SUBMIT,
    VIEW,
    VIEW_SETTLEMENTS,
)
from songhe.kit import Menu, screen

app_name = "billing"
_CHARGE = "billing/charges/<uuid:id>/"
_ONE = "billing/settlements/<uuid:id>/"
urlpatterns = [
    screen(
        "people/<uuid:person_id>/charges/",
        views.PersonCharges,
        action=VIEW,
        name="person",
        section="desk",
    ),
    screen(
        "billing/charges/",
        views.Charges,
        action=NOTE,
        name="charges",
        menu=Menu(section="desk", label=_("Charges"), icon="receipt", order=80),
    ),
    screen(
        "billing/charges/export/",
        views.MonthExport,
        action=NOTE,
        name="export_charges",
        section="desk",
    ),
    screen(_CHARGE, views.ChargePage, action=VIEW, name="charge", section="desk"),
    screen(f"{_CHARGE}reverse/", views.Reverse, action=REVERSE, name="reverse"),
    screen(f"{_CHARGE}anew/", views.ChargeAnew, action=REVERSE, name="charge_anew"),
    screen("billing/anew/", views.Anew, action=REVERSE, name="rooms", section="desk"),
    screen(f"{_CHARGE}cash/", views.NoteCash, action=NOTE, name="cash"),
    screen(f"{_CHARGE}pay/", views.Pay, action=PAY, name="pay"),
    screen(
        "billing/receipts/<uuid:id>/",
        views.ReceiptPage,
        action=VIEW,
        name="receipt",
        section="desk",
    ),
    screen(
        "billing/settlements/",
        views.SettlementList,
        action=VIEW_SETTLEMENTS,
        name="settlements",
        menu=Menu(section="desk", label=_("Settlements"), icon="scale", order=81),
    ),
    screen(_ONE, views.SettlementPage, action=VIEW_SETTLEMENTS, name="settlement", section="desk"),
    screen(f"{_ONE}submit/", views.Submit, action=SUBMIT, name="submit"),
    screen(f"{_ONE}confirm/", views.Confirm, action=CHECK, name="confirm"),
    screen(f"{_ONE}paid/", views.Paid, action=CHECK, name="paid", section="desk"),
    screen(f"{_ONE}export/", views.Export, action=EXPORT, name="export", section="desk"),
    screen(
        f"{_ONE}lines/<uuid:line_id>/",
        views.LinePage,
        action=CHECK,
        name="line",
        section="desk",
    ),
    screen(
        f"{_ONE}lines/<uuid:line_id>/dispute/",
        views.DisputeLine,
        action=CHECK,
        name="dispute",
        section="desk",
    ),
    screen(
        "billing/disputes/<uuid:id>/", views.Answer, action=SUBMIT, name="answer", section="desk"
    ),
]
