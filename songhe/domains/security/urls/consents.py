"""Routes of consents and guardians."""

from __future__ import annotations

from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from songhe.domains.security.views import consent_records, consents
from songhe.kit import Menu, screen

KEEP, RECORD = "security.keep_consents", "security.record_consents"
_MINE = "my-data/<uuid:person_id>/"
_ONE = f"{_MINE}<slug:purpose>/<str:recipient>/"
_STAFF = "people/<uuid:person_id>/consents/"
urlpatterns: list[URLPattern] = [
    screen(
        "my-data/",
        consents.Mine,
        action=KEEP,
        name="mine",
        menu=Menu(section="tools", label=_("Who may see what"), icon="eye", order=30),
    ),
    screen(_MINE, consents.WhoSees, action=KEEP, name="who_sees"),
    screen(f"{_MINE}allow/", consents.Allow, action=KEEP, name="allow"),
    screen(f"{_MINE}allow/<slug:purpose>/<str:recipient>/", consents.AllowWhat, action=KEEP,
           name="allow_what"),
    screen(_ONE, consents.Recipient, action=KEEP, name="consent"),
    screen(f"{_ONE}less/", consents.Less, action=KEEP, name="less"),
    screen(f"{_ONE}end/", consents.End, action=KEEP, name="end_consent"),
    screen(_STAFF, consent_records.Records, action=RECORD, name="consent_records", section="desk"),
    screen(f"{_STAFF}record/", consent_records.Record, action=RECORD, name="record_consent",
           section="desk"),
    screen(f"{_STAFF}end/<slug:purpose>/<str:recipient>/", consent_records.RecordEnd, action=RECORD,
           name="record_end", section="desk"),
    screen(f"{_STAFF}guardian/", consent_records.Guardian, action=RECORD, name="guardian",
           section="desk"),
    screen(f"{_STAFF}account/", consent_records.Account, action=RECORD, name="open_account",
           section="desk", fresh=True),
    screen(f"{_STAFF}guardian/<uuid:guardianship_id>/end/", consent_records.EndGuardian,
           action=RECORD, name="end_guardian"),
    screen("papers/<uuid:paper_id>/", consent_records.Paper, action=RECORD, name="paper"),
]  # fmt: skip
