"""Terms of organisations."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.organizations.papers import Named as Named
from songhe.domains.organizations.papers import QualificationKind as QualificationKind
from songhe.domains.organizations.papers import all_languages as all_languages
from songhe.domains.organizations.papers import all_qualifications as all_qualifications
from songhe.domains.organizations.papers import meet as meet


class OrganizationKind(models.TextChoices):
    SERVICE_CENTRE = "service-centre", _("service centre")
    NURSING_HOME = "nursing-home", _("nursing home")
    HOSPITAL = "hospital", _("township hospital")
    GOVERNMENT = "government", _("civil affairs bureau")
    OTHER = "other", _("other organisation")


VIEW_ACCESS = "organizations.view_access"  # who can see what, for a person and for an account
REVIEW_ROLES = "organizations.review_roles"
VIEW_QUALIFICATIONS = "organizations.view_qualifications"
KEEP_QUALIFICATIONS = "organizations.keep_qualifications"


class Gender(models.TextChoices):
    """Of a worker: elders may wish to be bathed by one of their own."""

    FEMALE = "female", pgettext_lazy("a worker", "woman")
    MALE = "male", pgettext_lazy("a worker", "man")
