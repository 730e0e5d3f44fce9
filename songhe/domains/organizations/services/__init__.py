"""Writing organisations: the institutions, who works there, which roles staff holds."""

from songhe.domains.organizations.services.employing import (
    NotEmployed,
    employ,
    end_employment,
    hire,
    renew_secret,
    set_post,
)
from songhe.domains.organizations.services.founding import (
    NoSuchOrganization,
    StillStaffed,
    close_organization,
    edit_organization,
    found_organization,
)
from songhe.domains.organizations.services.portraits import remove_portrait, set_portrait
from songhe.domains.organizations.services.qualifying import (
    NoSuchQualification,
    add_qualification,
    end_qualification,
    set_worker_facts,
)
from songhe.domains.organizations.services.roles import (
    BeyondReach,
    HeldAlready,
    NoSuchRole,
    end_role,
    givable,
    give_role,
)

__all__ = [
    "BeyondReach",
    "HeldAlready",
    "NoSuchOrganization",
    "NoSuchQualification",
    "NoSuchRole",
    "NotEmployed",
    "StillStaffed",
    "add_qualification",
    "close_organization",
    "edit_organization",
    "employ",
    "end_employment",
    "end_qualification",
    "end_role",
    "found_organization",
    "givable",
    "give_role",
    "hire",
    "remove_portrait",
    "renew_secret",
    "set_portrait",
    "set_post",
    "set_worker_facts",
]
