"""Routes of the kit itself."""

from django.utils.translation import gettext_lazy as _

from songhe.kit import views
from songhe.kit.screens import Menu, screen

app_name = "kit"
urlpatterns = [
    screen("preferences/", views.Preferences, public=True, name="preferences"),
    screen(
        "kit/gallery/",
        views.Gallery,
        action="kit.view_gallery",
        name="gallery",
        menu=Menu(section="tools", label=_("Style gallery"), icon="swatch-book", order=900),
    ),
]
