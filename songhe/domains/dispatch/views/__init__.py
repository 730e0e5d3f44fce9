"""Pages of dispatch."""

from songhe.domains.dispatch.views.calls import CallIn
from songhe.domains.dispatch.views.rescues import (
    Board,
    CallBack,
    CallOff,
    Card,
    CardOfAlarm,
    Help,
    OrderHelp,
    OrderPage,
    Send,
    SendOrder,
)
from songhe.domains.dispatch.views.samples import Sample, Samples
from songhe.domains.dispatch.views.shifts import ShiftReport

__all__ = [
    "Board",
    "CallBack",
    "CallIn",
    "CallOff",
    "Card",
    "CardOfAlarm",
    "Help",
    "OrderHelp",
    "OrderPage",
    "Sample",
    "Samples",
    "Send",
    "SendOrder",
    "ShiftReport",
]
