"""Terms of organisations."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrganizationKind(models.TextChoices):
    SERVICE_CENTRE = "service-centre", _("service centre")
    NURSING_HOME = "nursing-home", _("nursing home")
    HOSPITAL = "hospital", _("township hospital")
    GOVERNMENT = "government", _("civil affairs bureau")
    OTHER = "other", _("other organisation")


VIEW_ACCESS = "organizations.view_access"  # who can see what, for a person and for an account
REVIEW_ROLES = "organizations.review_roles"
