"""Terms of monitoring; priorities and states are those of engines.alarms."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STORM = "storm"
PLATFORM_REGION = ""
PLATFORM_TOPIC = "platform"
ANSWER_PLATFORM = "operations.answer_alarm"
CALL = "monitoring.call_for_help"


class PriorityWord(models.TextChoices):
    HIGH = "high", _("urgent")
    MEDIUM = "medium", _("important")
    LOW = "low", _("notice")
    UNKNOWN = "unknown", _("unclear")


class StateWord(models.TextChoices):
    UNACKNOWLEDGED = "unacknowledged", _("nobody has it")
    ACKNOWLEDGED = "acknowledged", _("taken")
    RETURNED = "returned", _("back to normal, to be confirmed")
    SHELVED = "shelved", _("set aside")
    RESOLVED = "resolved", _("closed")


class OutcomeWord(models.TextChoices):
    TRUE = "true", _("real")
    FALSE = "false", _("false alarm")
    TEST = "test", _("test")
    UNKNOWN = "unknown", _("could not be found out")


class EntryKind(models.TextChoices):
    RAISED = "raised", _("Alarm")
    AGAIN = "again", _("Reported again")
    RANG = "rang", _("Rang again")
    LEVEL_UP = "level_up", _("Told the leader on duty")
    NEXT_ORGANIZATION = "next_organization", _("Passed to the next organisation")
    ACKNOWLEDGED = "acknowledged", _("Taken")
    NOTE = "note", pgettext_lazy("what was done", "Note")
    CALL = "call", pgettext_lazy("what was done", "Call")
    ASSIGNED = "assigned", _("Assigned")
    HELP = "help", pgettext_lazy("somebody goes", "Help")
    SHELVED = "shelved", _("Set aside")
    UNSHELVED = "unshelved", _("Rings again")
    CLEARED = "cleared", _("Back to normal")
    LOOKED = "looked", _("Second look")
    JOINED = "joined", _("Joined into one incident")
    AWAY = "away", _("The person is away")
    HOME = "home", _("The person is back")
    RESOLVED = "resolved", _("Closed")


class HelpStep(models.TextChoices):
    """How far the help is that was sent to an alarm. who: the helper, where there is one."""

    GOES = "goes", _("%(who)s goes")
    ON_WAY = "on_way", _("%(who)s is on the way")
    ARRIVED = "arrived", _("%(who)s is at the door")
    DONE = "done", _("%(who)s has helped")
    NOT_DONE = "not_done", _("%(who)s could not help")
    BACK = "back", _("%(who)s was called back")
    LATE = "late", _("Nothing was heard of %(who)s for too long: somebody must call")
    NOBODY = "nobody", _("Nobody who was asked goes: somebody must be found by phone")
    EMERGENCY = "emergency", _("%(who)s told 120, case %(case)s")
    EMERGENCY_CALLED = "emergency_called", _("%(who)s called 120")


class AbsenceKind(models.TextChoices):
    """Where somebody is who is not at home."""

    HOSPITAL = "hospital", pgettext_lazy("away", "in hospital")
    FAMILY = "family", pgettext_lazy("away", "with family")
    TRAVEL = "travel", pgettext_lazy("away", "travelling")
    OTHER = "other", pgettext_lazy("away", "elsewhere")


class AbsenceAct(models.TextChoices):
    MADE = "made", pgettext_lazy("absence", "entered")
    END_SET = "end_set", pgettext_lazy("absence", "end changed")
    ENDED = "ended", pgettext_lazy("absence", "ended")
    WITHDRAWN = "withdrawn", pgettext_lazy("absence", "withdrawn")


class TrialState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("trial", "waiting")
    RUNNING = "running", pgettext_lazy("trial", "running")
    DONE = "done", pgettext_lazy("trial", "done")
    CANCELLED = "cancelled", pgettext_lazy("trial", "stopped")
    FAILED = "failed", pgettext_lazy("trial", "failed")


class SuggestionState(models.TextChoices):
    OPEN = "open", pgettext_lazy("suggestion", "waits for a decision")
    ACCEPTED = "accepted", pgettext_lazy("suggestion", "accepted")
    REFUSED = "refused", pgettext_lazy("suggestion", "refused")
    NOTHING_HELPS = "nothing", pgettext_lazy("suggestion", "no change would help")


# Kinds of rules on where a person is outside: they judge positions.
OUTDOOR_KINDS = ("fence", "wander", "not-back")
# The fact that rules read of a person's safe area, and the rules that somebody sets for her.
FENCE_FACT = "fence"
FENCE_RULE, BACK_RULE, WANDER_RULE = "fence", "not-back-by", "wandering"
LEAST_RADIUS_M, MOST_RADIUS_M = 50, 20_000
