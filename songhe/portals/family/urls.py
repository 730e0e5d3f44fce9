"""Routes of services as older people and their families see them."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.homecare import terms as homecare
from songhe.kit import Menu, screen
from songhe.portals.family import bed_views, views

ASK = "dispatch.ask_service"
app_name = "family"
_ONE = "services/<uuid:order_id>/"
urlpatterns = [
    screen(
        "services/",
        views.Services,
        action=ASK,
        name="services",
        menu=Menu(section="desk", label=_("My services"), icon="hand-heart", order=15),
    ),
    screen("services/past/", views.Past, action=ASK, name="past", section="desk"),
    screen("services/order/", views.Order, action=ASK, name="order", section="desk"),
    screen("services/bed/", bed_views.Bed, action=homecare.ASK, name="bed", section="desk"),
    screen(
        "services/bed/apply/",
        bed_views.Apply,
        action=homecare.ASK,
        name="bed_apply",
        section="desk",
    ),
    screen(
        "services/bed/<uuid:bed_id>/object/",
        bed_views.Object,
        action=homecare.ASK,
        name="bed_object",
        section="desk",
    ),
    screen(_ONE, views.Service, action=ASK, name="service", section="desk"),
    screen(f"{_ONE}cancel/", views.CallOff, action=ASK, name="cancel", section="desk"),
    screen(f"{_ONE}rate/", views.Rate, action=ASK, name="rate", section="desk"),
    screen(f"{_ONE}complain/", views.Complain, action=ASK, name="complain", section="desk"),
]
