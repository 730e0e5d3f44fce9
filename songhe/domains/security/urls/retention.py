"""Routes of retention: classes and periods, legal holds, runs of destruction."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from songhe.base.retention.holds import KEEP
from songhe.base.retention.holds import VIEW as VIEW_HOLDS
from songhe.base.retention.periods import SET
from songhe.base.retention.running import RUN
from songhe.domains.security.retention_reads import VIEW
from songhe.domains.security.views import retention as views
from songhe.kit import Menu, screen

_RUN, _HOLD = "retention/runs/<uuid:destruction_id>/", "retention/holds/<uuid:hold_id>/"
urlpatterns = [
    screen("retention/", views.Retention, action=VIEW, name="retention",
           menu=Menu(section="desk", label=_("Retention"), icon="archive-x", order=72)),
    screen("retention/trial/", views.AskTrial, action=RUN, name="ask_trial"),
    screen(_RUN, views.RunPage, action=VIEW, name="destruction", section="desk"),
    screen(f"{_RUN}stop/", views.StopDestruction, action=RUN, name="stop_destruction"),
    screen(f"{_RUN}certificate/", views.CertificateFile, action=VIEW,
           name="destruction_certificate"),
    screen("retention/periods/<slug:data_class>/", views.SetPeriod, action=SET,
           name="set_period", section="desk", fresh=True),
    screen("retention/holds/", views.ChooseHeld, action=KEEP, name="choose_held",
           section="desk"),
    screen("retention/holds/person/<uuid:person_id>/", views.HoldPerson, action=KEEP,
           name="hold_person", section="desk", fresh=True),
    screen("retention/holds/class/<slug:data_class>/", views.HoldClass, action=KEEP,
           name="hold_class", section="desk", fresh=True),
    screen(_HOLD, views.HoldPage, action=VIEW_HOLDS, name="hold", section="desk"),
    screen(f"{_HOLD}lift/", views.LiftHold, action=KEEP, name="lift_hold", fresh=True),
]  # fmt: skip
