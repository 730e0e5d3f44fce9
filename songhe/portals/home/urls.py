"""Routes of the first page."""

from songhe.kit import screen
from songhe.portals.home import views

app_name = "home"
urlpatterns = [
    screen("", views.Home, public=True, name="home"),
    screen("sos/", views.CallForHelp, action="monitoring.call_for_help", name="sos"),
    screen("live/ticket/", views.Ticket, action="home.view", name="live_ticket"),
]
