"""Routes of security, one file a field of work."""

from songhe.domains.security.urls import audit, consents, emergencies, purposes, requests

app_name = "security"
urlpatterns = [
    *audit.urlpatterns,
    *requests.urlpatterns,
    *consents.urlpatterns,
    *emergencies.urlpatterns,
    *purposes.urlpatterns,
]
