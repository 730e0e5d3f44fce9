"""Row-level security of legal holds: open where the person lived, to who places or reviews them."""

from __future__ import annotations

from songhe.base.access.wall import holding, in_region, protect
from songhe.base.retention.holds import KEEP, VIEW

protect(
    "retention_hold",
    f"CASE WHEN retention_hold.region_code = '' THEN {holding(VIEW, KEEP)}"
    f" ELSE {in_region('retention_hold.region_code', VIEW, KEEP)} END",
)
