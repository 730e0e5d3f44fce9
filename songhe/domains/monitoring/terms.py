"""Terms of monitoring; priorities and states are those of engines.alarms."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STORM = "storm"
PLATFORM_REGION = ""
PLATFORM_TOPIC = "platform"
ANSWER_PLATFORM = "operations.answer_alarm"


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
    SHELVED = "shelved", _("Set aside")
    UNSHELVED = "unshelved", _("Rings again")
    CLEARED = "cleared", _("Back to normal")
    LOOKED = "looked", _("Second look")
    JOINED = "joined", _("Joined into one incident")
    AWAY = "away", _("The person is away")
    HOME = "home", _("The person is back")
    RESOLVED = "resolved", _("Closed")


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
