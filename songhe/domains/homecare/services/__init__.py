"""Writing home care beds: one call for each thing that is done."""

from songhe.domains.homecare.services.agreeing import remind_of_ends, sign_agreement
from songhe.domains.homecare.services.assessing import assess, start_fitting
from songhe.domains.homecare.services.beds import (
    activate_bed,
    apply_for_bed,
    end_bed,
    pause_bed,
    refuse_bed,
    resume_bed,
)
from songhe.domains.homecare.services.fitting import close_return, finish_fitting, fit_device
from songhe.domains.homecare.services.objecting import (
    answer_objection,
    object_to_refusal,
    remind_of_objections,
)
from songhe.domains.homecare.services.planning import (
    WantedGoal,
    WantedService,
    make_plan,
    remind_of_reviews,
    review_bed,
)
from songhe.domains.homecare.services.registering import (
    person_died,
    persons_merged,
    persons_unmerged,
)
from songhe.domains.homecare.services.visiting import arrange_visit, call_off_visit
from songhe.domains.homecare.services.ward import (
    add_risk,
    hand_over,
    note_round,
    take_over,
)

__all__ = [
    "WantedGoal",
    "WantedService",
    "activate_bed",
    "add_risk",
    "answer_objection",
    "apply_for_bed",
    "arrange_visit",
    "assess",
    "call_off_visit",
    "close_return",
    "end_bed",
    "finish_fitting",
    "fit_device",
    "hand_over",
    "make_plan",
    "note_round",
    "object_to_refusal",
    "pause_bed",
    "person_died",
    "persons_merged",
    "persons_unmerged",
    "refuse_bed",
    "remind_of_ends",
    "remind_of_objections",
    "remind_of_reviews",
    "resume_bed",
    "review_bed",
    "sign_agreement",
    "start_fitting",
    "take_over",
]
