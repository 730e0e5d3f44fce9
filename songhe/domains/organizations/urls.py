"""Routes of organisations, their staff and roles, and of who can see what."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.organizations import access_views, qualification_views, views
from songhe.domains.organizations.importing import OrganizationImport, StaffImport
from songhe.domains.organizations.terms import (
    KEEP_QUALIFICATIONS,
    REVIEW_ROLES,
    VIEW_ACCESS,
    VIEW_QUALIFICATIONS,
)
from songhe.kit import Menu, screen
from songhe.kit.imports import import_screens

app_name = "organizations"
_ONE = "organizations/<uuid:organization_id>/"
_STAFF = "organizations/staff/<uuid:staff_id>/"
urlpatterns = [
    screen(
        "organizations/",
        views.Tree,
        action="organizations.list_organizations",
        name="tree",
        menu=Menu(section="desk", label=_("Organisations"), icon="building-2", order=65),
    ),
    screen("organizations/found/", views.Found, action="organizations.found_organization",
           name="found", section="desk"),
    *import_screens("organizations/import/", importer=OrganizationImport, name="import",
                    section="desk"),
    *import_screens("organizations/import-staff/", importer=StaffImport, name="import_staff",
                    section="desk"),
    screen(f"{_STAFF}secret/", views.NewSecret, action="access.renew_secret", name="new_secret",
           section="desk", fresh=True),
    screen(_ONE, views.OrganizationPage, action="organizations.view_organization",
           name="organization", section="desk"),
    screen(f"{_ONE}edit/", views.Edit, action="organizations.edit_organization", name="edit",
           section="desk"),
    screen(f"{_ONE}close/", views.Close, action="organizations.close_organization", name="close",
           section="desk"),
    screen(f"{_ONE}employ/", views.Hire, action="organizations.employ", name="employ",
           section="desk"),
    screen(_STAFF, views.StaffPage, action="organizations.view_organization", name="staff",
           section="desk"),
    screen(f"{_STAFF}leave/", views.Leave, action="organizations.end_employment", name="leave",
           section="desk"),
    screen(f"{_STAFF}role/", views.GiveRole, action="organizations.give_role", name="give_role",
           section="desk", fresh=True),
    screen(f"{_STAFF}role/<uuid:role_id>/end/", views.EndRole, action="organizations.end_role",
           name="end_role", section="desk"),
    screen(f"{_STAFF}paper/", qualification_views.AddQualification, action=KEEP_QUALIFICATIONS,
           name="add_qualification", section="desk"),
    screen(f"{_STAFF}paper/<uuid:qualification_id>/end/", qualification_views.EndQualification,
           action=KEEP_QUALIFICATIONS, name="end_qualification", section="desk"),
    screen(f"{_STAFF}about/", qualification_views.SetFacts, action=KEEP_QUALIFICATIONS,
           name="worker_facts", section="desk"),
    screen(f"{_STAFF}portrait/", qualification_views.Portrait, action=KEEP_QUALIFICATIONS,
           name="portrait", section="desk"),
    screen(f"{_STAFF}portrait/remove/", qualification_views.RemovePortrait,
           action=KEEP_QUALIFICATIONS, name="remove_portrait"),
    screen(
        "organizations/qualifications/",
        qualification_views.Ending,
        action=VIEW_QUALIFICATIONS,
        name="qualifications",
        menu=Menu(section="desk", label=_("Papers of staff"), icon="id-card", order=67),
    ),
    screen("access/people/<uuid:person_id>/", access_views.WhoSees, action=VIEW_ACCESS,
           name="who_sees", section="desk"),
    screen("access/accounts/<uuid:user_id>/", access_views.WhatSees, action=VIEW_ACCESS,
           name="what_sees", section="desk"),
    screen(
        "access/review/",
        access_views.Review,
        action=REVIEW_ROLES,
        name="review",
        menu=Menu(section="desk", label=_("Review of roles"), icon="user-cog", order=75),
    ),
]  # fmt: skip
