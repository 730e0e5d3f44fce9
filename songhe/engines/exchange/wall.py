"""Row-level security of imports: whoever asked for one, alone."""

from __future__ import annotations

from songhe.base.access.wall import of_actor, protect, through

protect("exchange_importrun", of_actor("exchange_importrun.asked_by_id"))
protect("exchange_importpiece", through("exchange_importrun", "exchange_importpiece.run_id"))
