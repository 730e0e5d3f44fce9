"""Routes of signing in and out."""

from django.utils.translation import gettext_lazy as _

from songhe.kit import Menu, screen
from songhe.portals.signin import views

app_name = "signin"
urlpatterns = [
    screen("sign-in/", views.SignIn, public=True, name="sign_in"),
    screen("sign-out/", views.SignOut, public=True, name="sign_out"),
    screen(
        "account/",
        views.Account,
        action="home.view",
        name="account",
        menu=Menu(section="tools", label=_("My account"), icon="user-round-cog", order=10),
    ),
    screen("account/password/", views.ChangePassword, action="home.view", name="password"),
    screen("account/sign-ins/end/", views.EndSignIns, action="home.view", name="end_sign_ins"),
]
