"""Writing dispatch: orders, offers of help, visits, what phones tell."""

from songhe.domains.dispatch.services.calling_in import (
    Called,
    take_call,
    take_call_of_stranger,
)
from songhe.domains.dispatch.services.doors import end_door_code, make_door_codes
from songhe.domains.dispatch.services.emergencies import tell_emergency
from songhe.domains.dispatch.services.evidence import judge_crew, judge_visit
from songhe.domains.dispatch.services.happenings import (
    Answer,
    Told,
    forget_places,
    is_clock_wrong,
    take_happenings,
)
from songhe.domains.dispatch.services.marks import mark_visit, unmark_visit
from songhe.domains.dispatch.services.money import charge_visit
from songhe.domains.dispatch.services.moves import (
    BreaksRules,
    drop_visits,
    move_visit,
    place_order,
    publish_week,
)
from songhe.domains.dispatch.services.offers import (
    answer_offer,
    call_back,
    call_off_rescue,
    order_of_alarm,
    run_due_offers,
    send,
    send_to_alarm,
)
from songhe.domains.dispatch.services.orders import cancel_order, make_order
from songhe.domains.dispatch.services.plans import (
    Interrupted,
    ask_plan,
    run_plan,
    stop_plan,
)
from songhe.domains.dispatch.services.repairs import ask_again, report_away, take_repair
from songhe.domains.dispatch.services.ringing import ring_on, take_answer
from songhe.domains.dispatch.services.series import (
    Wanted,
    make_series,
    make_turns,
    set_series_state,
)
from songhe.domains.dispatch.services.telling_alarms import (
    tell_alarm,
    tell_alarm_nobody,
    withdraw_offers,
)
from songhe.domains.dispatch.services.telling_people import tell_family, tell_shift_over
from songhe.domains.dispatch.services.visits import plan_visit, tell_visit
from songhe.domains.dispatch.services.voices import (
    answer_complaint,
    complain,
    overdue,
    rate_order,
    tell_overdue,
)
from songhe.domains.dispatch.services.wishes import ask_service, call_off, wished
from songhe.domains.dispatch.services.workers import (
    end_leave,
    set_hours,
    set_shift,
    take_leave,
)

__all__ = [
    "Answer",
    "BreaksRules",
    "Called",
    "Interrupted",
    "Told",
    "Wanted",
    "answer_complaint",
    "answer_offer",
    "ask_again",
    "ask_plan",
    "ask_service",
    "call_back",
    "call_off",
    "call_off_rescue",
    "cancel_order",
    "charge_visit",
    "complain",
    "drop_visits",
    "end_door_code",
    "end_leave",
    "forget_places",
    "is_clock_wrong",
    "judge_crew",
    "judge_visit",
    "make_door_codes",
    "make_order",
    "make_series",
    "make_turns",
    "mark_visit",
    "move_visit",
    "order_of_alarm",
    "overdue",
    "place_order",
    "plan_visit",
    "publish_week",
    "rate_order",
    "report_away",
    "ring_on",
    "run_due_offers",
    "run_plan",
    "send",
    "send_to_alarm",
    "set_hours",
    "set_series_state",
    "set_shift",
    "stop_plan",
    "take_answer",
    "take_call",
    "take_call_of_stranger",
    "take_happenings",
    "take_leave",
    "take_repair",
    "tell_alarm",
    "tell_alarm_nobody",
    "tell_emergency",
    "tell_family",
    "tell_overdue",
    "tell_shift_over",
    "tell_visit",
    "unmark_visit",
    "wished",
    "withdraw_offers",
]
