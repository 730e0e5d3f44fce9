"""Tables of dispatch: orders and visits, what happened, offers of help."""

from songhe.domains.dispatch.models.emergencies import EmergencyReport
from songhe.domains.dispatch.models.evidence import Evidence, Mark
from songhe.domains.dispatch.models.happenings import DoorCode, Happening, Position
from songhe.domains.dispatch.models.offers import Offer
from songhe.domains.dispatch.models.orders import Order, Visit
from songhe.domains.dispatch.models.plans import WeekPlan
from songhe.domains.dispatch.models.series import Series
from songhe.domains.dispatch.models.voices import Complaint, Rating
from songhe.domains.dispatch.models.workers import Leave, WeeklyShift

__all__ = [
    "Complaint",
    "DoorCode",
    "EmergencyReport",
    "Evidence",
    "Happening",
    "Leave",
    "Mark",
    "Offer",
    "Order",
    "Position",
    "Rating",
    "Series",
    "Visit",
    "WeekPlan",
    "WeeklyShift",
]
