"""Pages of billing."""

from songhe.domains.billing.views.anew import Anew, ChargeAnew
from songhe.domains.billing.views.charges import (
    ChargePage,
    Charges,
    MonthExport,
    NoteCash,
    Pay,
    PersonCharges,
    ReceiptPage,
    Reverse,
)
from songhe.domains.billing.views.lines import LinePage
from songhe.domains.billing.views.settlements import (
    Answer,
    Confirm,
    DisputeLine,
    Export,
    Paid,
    SettlementList,
    SettlementPage,
    Submit,
)

__all__ = [
    "Anew",
    "Answer",
    "ChargeAnew",
    "ChargePage",
    "Charges",
    "Confirm",
    "DisputeLine",
    "Export",
    "LinePage",
    "MonthExport",
    "NoteCash",
    "Paid",
    "Pay",
    "PersonCharges",
    "ReceiptPage",
    "Reverse",
    "SettlementList",
    "SettlementPage",
    "Submit",
]
