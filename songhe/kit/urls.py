"""Routes of the kit itself."""

from django.utils.translation import gettext_lazy as _

from songhe.kit import files, views
from songhe.kit.screens import Menu, screen

app_name = "kit"
urlpatterns = [
    screen("preferences/", views.Preferences, public=True, name="preferences"),
    # What a file is of says who may open it: the policy of that, and the action of its kind.
    screen("files/<uuid:file_id>/", files.File, action="home.view", name="file"),
    screen("files/<uuid:file_id>/small/", files.SmallFile, action="home.view", name="file_small"),
    screen(
        "kit/gallery/",
        views.Gallery,
        action="kit.view_gallery",
        name="gallery",
        menu=Menu(section="tools", label=_("Style gallery"), icon="swatch-book", order=900),
    ),
]
