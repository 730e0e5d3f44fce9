"""Routes of the way in, and of the own account."""

from django.utils.translation import gettext_lazy as _

from songhe.base.access.api_keys import KEEP
from songhe.kit import Menu, screen
from songhe.portals.signin.views import account, door, factors, keys, outside, phone

app_name = "signin"
urlpatterns = [
    screen("sign-in/", door.SignIn, public=True, name="sign_in"),
    screen("sign-in/own-password/", door.OwnPassword, public=True, name="own_password"),
    screen("sign-in/second-step/", door.SecondStep, public=True, name="second_step"),
    screen("sign-in/set-up/", door.SetUp, public=True, name="set_up"),
    screen("sign-in/passkey/", factors.PasskeySignIn, public=True, name="passkey"),
    screen("sign-in/phone/", phone.Phone, public=True, name="phone"),
    screen("sign-in/phone/code/", phone.PhoneCode, public=True, name="phone_code"),
    screen("sign-in/outside/", outside.OutsideSignIn, public=True, name="outside"),
    screen("sign-in/outside/back/", outside.OutsideBack, public=True, name="outside_back"),
    screen("sign-out/", door.SignOut, public=True, name="sign_out"),
    screen(
        "account/",
        account.Account,
        action="home.view",
        name="account",
        menu=Menu(section="tools", label=_("My account"), icon="user-round-cog", order=10),
    ),
    screen("account/prove/", account.Prove, action="home.view", name="prove"),
    screen(
        "account/password/",
        account.ChangePassword,
        action="home.view",
        name="password",
        fresh=True,
    ),
    screen("account/sign-ins/end/", account.EndSignIns, action="home.view", name="end_sign_ins"),
    screen("account/keys/", keys.Keys, action=KEEP, name="keys", fresh=True),
    screen("account/keys/revoke/", keys.RevokeKey, action=KEEP, name="revoke_key", fresh=True),
    screen("account/code-app/", factors.CodeApp, action="home.view", name="code_app", fresh=True),
    screen(
        "account/recovery-codes/",
        factors.RecoveryCodes,
        action="home.view",
        name="recovery_codes",
        fresh=True,
    ),
    screen(
        "account/passkeys/add/",
        factors.AddPasskey,
        action="home.view",
        name="add_passkey",
        fresh=True,
    ),
    screen(
        "account/factors/remove/",
        factors.RemoveFactor,
        action="home.view",
        name="remove_factor",
        fresh=True,
    ),
    screen(
        "account/outside/",
        outside.OutsideLink,
        action="home.view",
        name="outside_link",
        fresh=True,
    ),
]
