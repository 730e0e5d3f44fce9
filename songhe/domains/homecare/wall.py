"""Row-level security of beds: region, provider, who a person opened herself to."""

from __future__ import annotations

from songhe.base.access.wall import (
    granted,
    in_region,
    of_organization,
    of_ref,
    protect,
    serves,
    through,
)
from songhe.domains.billing.terms import SERVED_DAYS
from songhe.domains.homecare import terms

_SEE = (
    terms.VIEW,
    terms.LIST,
    terms.ASSESS,
    terms.FIT,
    terms.AGREE,
    terms.PLAN,
    terms.REVIEW,
    terms.MOVE,
    terms.WARD,
    terms.ANSWER,
)
_BED = "homecare_homebed"

protect(
    _BED,
    f"{in_region(f'{_BED}.region_code', *_SEE)}"
    f" OR {of_organization(f'{_BED}.organization_id', *_SEE)}"
    f" OR {granted('people.Person', f'{_BED}.person_id')}",
)
for _name in (
    "assessment", "equipmentneed", "equipmentreturn", "agreement", "careplan", "review", "round",
    "risknote", "objection",
):  # fmt: skip
    protect(f"homecare_{_name}", through(_BED, f"homecare_{_name}.bed_id"))
protect(
    "homecare_handover", in_region("homecare_handover.region_code", terms.WARD, terms.KEEP_WARD)
)
protect("homecare_fitting", through("homecare_equipmentneed", "homecare_fitting.need_id"))
for _name in ("goal", "planservice"):
    protect(f"homecare_{_name}", through("homecare_careplan", f"homecare_{_name}.plan_id"))
protect(
    "workflow_transition",
    of_ref("workflow_transition.ref", "homecare.HomeBed", _BED),
    way="homecare_bed",
)
protect("booking_booking", of_ref("booking_booking.holder", "homecare.HomeBed", _BED), way="bed")
# After the end the last month is settled and an objection comes in; and longer while equipment is
# still to come back.
_over = ", ".join(f"'{state}'" for state in terms.OVER)
serves(
    _BED,
    f"organization_id = ANY (orgs) AND (state NOT IN ({_over})"
    f" OR ended_at >= now() - interval '{SERVED_DAYS} days')",
)
serves(
    "homecare_equipmentreturn",
    "homecare_equipmentreturn.state = 'due' AND b.organization_id = ANY (orgs)",
    person="b.person_id",
    joined=f"JOIN {_BED} b ON b.id = homecare_equipmentreturn.bed_id",
)
