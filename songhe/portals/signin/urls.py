"""Routes of signing in and out."""

from songhe.kit import screen
from songhe.portals.signin import views

app_name = "signin"
urlpatterns = [
    screen("sign-in/", views.SignIn, public=True, name="sign_in"),
    screen("sign-out/", views.SignOut, public=True, name="sign_out"),
]
