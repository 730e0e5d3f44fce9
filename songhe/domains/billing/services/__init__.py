"""Writes of billing: charges, own shares, settlements."""

from songhe.domains.billing.selectors import NoSuchCharge, NoSuchSettlement
from songhe.domains.billing.services.anew import NothingLess, charge_anew
from songhe.domains.billing.services.charging import (
    ChargedOtherwise,
    SharesDoNotSum,
    charge,
    reverse_charge,
)
from songhe.domains.billing.services.paying import (
    NothingToPay,
    TwoPayees,
    begin_payment,
    note_cash,
    take_told,
)
from songhe.domains.billing.services.settling import (
    ANSWER_DAYS,
    DayPassed,
    DisputedAlready,
    MonthNotOver,
    NothingToSettle,
    StillDisputed,
    TakenBackAlready,
    answer_dispute,
    confirm_settlement,
    dispute_line,
    draft_settlement,
    draft_settlements,
    not_disputable,
    pay_settlement,
    submit_settlement,
)

__all__ = [
    "ANSWER_DAYS",
    "ChargedOtherwise",
    "DayPassed",
    "DisputedAlready",
    "MonthNotOver",
    "NoSuchCharge",
    "NoSuchSettlement",
    "NothingLess",
    "NothingToPay",
    "NothingToSettle",
    "SharesDoNotSum",
    "StillDisputed",
    "TakenBackAlready",
    "TwoPayees",
    "answer_dispute",
    "begin_payment",
    "charge",
    "charge_anew",
    "confirm_settlement",
    "dispute_line",
    "draft_settlement",
    "draft_settlements",
    "not_disputable",
    "note_cash",
    "pay_settlement",
    "reverse_charge",
    "submit_settlement",
    "take_told",
]
