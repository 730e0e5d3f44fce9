"""Row-level security of the catalogue: prices and steps are open to whoever holds a role."""

from __future__ import annotations

from songhe.base.access.wall import holding, protect

for _table in ("catalog_item", "catalog_itemversion", "catalog_price"):
    protect(_table, holding("catalog.view_items"))
