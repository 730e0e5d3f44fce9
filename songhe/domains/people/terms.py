"""Terms of people: sex, living, relations, rooms, what one must know."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.people.idnumber import BadIdNumber as BadIdNumber
from songhe.domains.people.idnumber import check_digit as check_digit

NO_NAME = "不详"  # of somebody who was helped before anybody knew her
PHONE = r"^[\d+\-() ]{4,20}$"  # as people write it


class Sex(models.TextChoices):
    """FHIR administrative-gender."""

    MALE = "male", _("male")
    FEMALE = "female", _("female")
    UNKNOWN = "unknown", _("sex unknown")


class Living(models.TextChoices):
    """How a person lives (居住情况)."""

    ALONE = "alone", _("lives alone")
    COUPLE = "couple", _("older couple")
    FAMILY = "family", _("with family")
    INSTITUTION = "institution", _("in a nursing home")
    UNKNOWN = "unknown", pgettext_lazy("how somebody lives", "not known")


class CareLevel(models.IntegerChoices):
    """Result of the ability assessment, GB/T 42195-2022: 0 intact to 4 complete loss."""

    INTACT = 0, _("ability intact")
    MILD = 1, _("mild loss of ability (level 1)")
    MODERATE = 2, _("moderate loss of ability (level 2)")
    SEVERE = 3, _("severe loss of ability (level 3)")
    COMPLETE = 4, _("complete loss of ability (level 4)")


class RoomKind(models.TextChoices):
    BEDROOM = "bedroom", _("bedroom")
    LIVING = "living", _("living room")
    KITCHEN = "kitchen", _("kitchen")
    BATHROOM = "bathroom", _("bathroom")
    HALL = "hall", _("hall")
    BALCONY = "balcony", _("balcony")
    BED = "bed", _("bed")
    OTHER = "other", _("other room")


class FactKind(models.TextChoices):
    """What one must know before acting, in the order in which it is shown."""

    ALLERGY = "allergy", _("allergy")
    RISK = "risk", _("risk")
    CONDITION = "condition", _("condition")
    MEDICINE = "medicine", pgettext_lazy("a fact", "medicine")
    NEED = "need", _("need")
    SCHEME = "scheme", _("scheme")


class Relation(models.TextChoices):
    SON = "son", _("son")
    DAUGHTER = "daughter", _("daughter")
    SPOUSE = "spouse", _("spouse")
    CHILD_IN_LAW = "child-in-law", _("daughter- or son-in-law")
    GRANDCHILD = "grandchild", _("grandchild")
    SIBLING = "sibling", _("brother or sister")
    RELATIVE = "relative", _("other relative")
    NEIGHBOUR = "neighbour", _("neighbour")
    DOCTOR = "doctor", _("family doctor")
    WORKER = "worker", _("care worker")
    OTHER = "other", _("other contact")
