"""Writing the catalogue: items and their versions, prices, and what ships."""

from songhe.domains.catalog.services.items import (
    CodeTaken,
    NoSuchItem,
    bring_back,
    define_item,
    publish_version,
    retire_item,
)
from songhe.domains.catalog.services.loading import load_items, shipped
from songhe.domains.catalog.services.periods import TooSoon
from songhe.domains.catalog.services.prices import end_price, may_price, set_price
from songhe.domains.catalog.services.sound import NotSound

__all__ = [
    "CodeTaken",
    "NoSuchItem",
    "NotSound",
    "TooSoon",
    "bring_back",
    "define_item",
    "end_price",
    "load_items",
    "may_price",
    "publish_version",
    "retire_item",
    "set_price",
    "shipped",
]
