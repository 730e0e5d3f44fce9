"""Routes of a care worker's pages, all below /work/: as far as the service worker reaches."""

from songhe.kit import screen
from songhe.portals.worker import views

WORK = "dispatch.work"
app_name = "worker"
urlpatterns = [
    screen("work/", views.Today, action=WORK, name="today"),
    screen("work/route/", views.Route, action=WORK, name="route"),
    screen("work/me/", views.Me, action=WORK, name="me"),
    screen("work/help/", views.Help, action=WORK, name="help"),
    screen("work/visits/<uuid:id>/", views.VisitPage, action=WORK, name="visit"),
    screen("work/visits/<uuid:id>/told/", views.TellOne, action=WORK, name="told"),
    screen("work/offers/<uuid:id>/", views.AnswerOffer, action=WORK, name="offer"),
    screen("work/sync/", views.Sync, action=WORK, name="sync"),
    screen("work/files/", views.KeepFile, action=WORK, name="files"),
    screen("work/bar/", views.Bar, action="dispatch.send_helper", name="bar"),
    screen("work/offline/", views.Offline, public=True, name="offline"),
    screen("work/sw.js", views.ServiceWorker, public=True, name="service_worker"),
    screen("work/app.webmanifest", views.Manifest, public=True, name="manifest"),
]
