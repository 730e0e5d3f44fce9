"""Routes of the catalogue of services."""

from django.utils.translation import gettext_lazy as _

from songhe.domains.catalog import views
from songhe.domains.catalog.terms import KEEP, SET_PRICE, VIEW
from songhe.kit import Menu, screen

app_name = "catalog"
_ONE = "catalog/items/<slug:item>/"
urlpatterns = [
    screen(
        "catalog/",
        views.ItemList,
        action=VIEW,
        name="item_list",
        menu=Menu(section="desk", label=_("Services"), icon="book-open-check", order=60),
    ),
    screen("catalog/new/", views.NewItem, action=KEEP, name="new_item", section="desk"),
    screen("catalog/load/", views.LoadShipped, action=KEEP, name="load_items", section="desk"),
    screen(_ONE, views.ItemPage, action=VIEW, name="item", section="desk"),
    screen(f"{_ONE}change/", views.ChangeItem, action=KEEP, name="change_item", section="desk"),
    screen(f"{_ONE}price/", views.SetPrice, action=SET_PRICE, name="set_price", section="desk"),
    screen(f"{_ONE}retire/", views.Retire, action=KEEP, name="retire_item", section="desk"),
    screen(f"{_ONE}bring-back/", views.BringBack, action=KEEP, name="bring_back", section="desk"),
]
