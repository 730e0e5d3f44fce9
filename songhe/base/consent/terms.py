"""Terms of consent: how it came, who gave it, on what paper a guardian stands, emergencies."""

from django.db import models
from django.utils.translation import gettext_lazy as _

PERSON = "people.Person"  # the subject of every grant that is written here
SELF, GUARDIAN, EMERGENCY = "self", "guardian", "emergency"  # purposes of grants


class Channel(models.TextChoices):
    """How the person's word reached us."""

    APP = "app", _("on her own screen")
    IN_PERSON = "in-person", _("said in person")
    PAPER = "paper", _("on signed paper")
    PHONE = "phone", _("by telephone, with a witness")


class Decision(models.TextChoices):
    GIVEN = "given", _("allowed")
    REFUSED = "refused", _("refused")


class Giver(models.TextChoices):
    SELF = "self", _("the person herself")
    GUARDIAN = "guardian", _("the guardian")


class RecipientKind(models.TextChoices):
    USER = "user", _("one person")
    ROLE = "role", _("everybody of a role in an organisation")


class GuardianPaper(models.TextChoices):
    """On what a guardian of an adult stands (Civil Code of China, articles 28, 30, 31 and 33)."""

    KINSHIP = "kinship", _("legal guardian by kinship")
    AGREEMENT = "agreement", _("agreement of those with a claim")
    APPOINTED = "appointed", _("appointment by the residents' committee or civil affairs")
    COURT = "court", _("judgment of a court")
    VOLUNTARY = "voluntary", _("notarised agreement made in good time")


class EmergencyKind(models.TextChoices):
    RESCUE = "rescue", _("life is in danger, first aid")
    UNCONSCIOUS = "unconscious", _("cannot answer")
    MISSING = "missing", _("cannot be found")
    HAZARD = "hazard", _("danger at home: fire, gas, water")
    OTHER = "other", _("another emergency")


class Verdict(models.TextChoices):
    JUSTIFIED = "justified", _("justified")
    UNJUSTIFIED = "unjustified", _("not justified")


class PaperKind(models.TextChoices):
    CONSENT = "consent", _("signed consent")
    GUARDIANSHIP = "guardianship", _("paper of a guardian")
