"""Routes of security, one file a field of work."""

from songhe.domains.security.urls import (
    audit,
    consents,
    emergencies,
    purposes,
    requests,
    retention,
)

app_name = "security"
urlpatterns = [
    *audit.urlpatterns,
    *requests.urlpatterns,
    *consents.urlpatterns,
    *emergencies.urlpatterns,
    *purposes.urlpatterns,
    *retention.urlpatterns,
]
