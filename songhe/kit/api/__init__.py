"""The JSON API for machines: operations beside screens, guarded the same way, under /api/v1/.

A domain's `api.py` has one `Operations` and calls selectors and services as its pages do.
"""

from songhe.kit.api.building import Api
from songhe.kit.api.operations import Operation, Operations, all_operations, operation_of
from songhe.kit.api.schemas import (
    Answer,
    Asked,
    Day,
    Given,
    Limit,
    Line,
    Moment,
    Pieces,
    Prefix,
    Text,
)

__all__ = [
    "Answer",
    "Api",
    "Asked",
    "Day",
    "Given",
    "Limit",
    "Line",
    "Moment",
    "Operation",
    "Operations",
    "Pieces",
    "Prefix",
    "Text",
    "all_operations",
    "operation_of",
]
