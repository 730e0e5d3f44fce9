"""Routes of the desk."""

from django.utils.translation import gettext_lazy as _

from songhe.kit import Menu, screen
from songhe.portals.desk import views

app_name = "desk"
SEE = "desk.view_alarms"
urlpatterns = [
    screen(
        "desk/",
        views.Desk,
        action=SEE,
        name="alarms",
        menu=Menu(section="desk", label=_("Alarms"), icon="bell-ring", order=10),
    ),
    screen("desk/alarms/<uuid:id>/", views.OpenAlarm, action=SEE, name="alarm", section="desk"),
    screen("desk/list/", views.List, action=SEE, name="list"),
    screen("desk/tally/", views.Tally, action=SEE, name="tally"),
    screen(
        "desk/map/",
        views.Map,
        action=SEE,
        name="map",
        menu=Menu(section="desk", label=_("Map"), icon="map", order=30),
    ),
]
