"""Tables of billing."""

from songhe.domains.billing.models.charges import Charge, ChargeShare
from songhe.domains.billing.models.payments import Payment, PaymentLine, Receipt, ReceiptNumber
from songhe.domains.billing.models.settlements import Dispute, Settlement, SettlementLine

__all__ = [
    "Charge",
    "ChargeShare",
    "Dispute",
    "Payment",
    "PaymentLine",
    "Receipt",
    "ReceiptNumber",
    "Settlement",
    "SettlementLine",
]
