"""Pages of the catalogue."""

from songhe.domains.catalog.views.change import (
    BringBack,
    ChangeItem,
    LoadShipped,
    NewItem,
    Retire,
    SetPrice,
)
from songhe.domains.catalog.views.pages import ItemList, ItemPage

__all__ = [
    "BringBack",
    "ChangeItem",
    "ItemList",
    "ItemPage",
    "LoadShipped",
    "NewItem",
    "Retire",
    "SetPrice",
]
