"""Tables of home care beds."""

from songhe.domains.homecare.models.agreements import Agreement
from songhe.domains.homecare.models.beds import Assessment, HomeBed
from songhe.domains.homecare.models.equipment import EquipmentNeed, EquipmentReturn, Fitting
from songhe.domains.homecare.models.objections import Objection
from songhe.domains.homecare.models.plans import CarePlan, Goal, PlanService, Review
from songhe.domains.homecare.models.ward import Handover, RiskNote, Round

__all__ = [
    "Agreement",
    "Assessment",
    "CarePlan",
    "EquipmentNeed",
    "EquipmentReturn",
    "Fitting",
    "Goal",
    "Handover",
    "HomeBed",
    "Objection",
    "PlanService",
    "Review",
    "RiskNote",
    "Round",
]
