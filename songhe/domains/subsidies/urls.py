"""Routes of subsidies."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.subsidies import programme_views, views
from songhe.domains.subsidies.terms import KEEP, KEEP_PROGRAMMES, VIEW
from songhe.kit import Menu, screen

app_name = "subsidies"
_PERSON = "people/<uuid:person_id>/entitlements/"
_ONE = "entitlements/<uuid:id>/"
urlpatterns = [
    screen(_PERSON, views.PersonEntitlements, action=VIEW, name="person", section="desk"),
    screen(f"{_PERSON}give/", views.Give, action=KEEP, name="give", section="desk"),
    screen(f"{_ONE}pause/", views.Pause, action=KEEP, name="pause", section="desk"),
    screen(f"{_ONE}resume/", views.Resume, action=KEEP, name="resume"),
    screen(f"{_ONE}end/", views.End, action=KEEP, name="end", section="desk"),
    screen(
        "subsidies/programmes/",
        views.Programmes,
        action=KEEP_PROGRAMMES,
        name="programmes",
        menu=Menu(section="desk", label=_("Programmes"), icon="hand-coins", order=82),
    ),
    screen(
        "subsidies/programmes/new/",
        programme_views.Define,
        action=KEEP_PROGRAMMES,
        name="define",
        section="desk",
    ),
    screen(
        "subsidies/programmes/<slug:programme>/",
        programme_views.Change,
        action=KEEP_PROGRAMMES,
        name="programme",
        section="desk",
    ),
]
