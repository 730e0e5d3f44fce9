"""Row-level security of notices: one's own; and, a kind at a time (kinds), with what they say."""

from songhe.base.access.wall import of_actor, protect, through

protect("notify_notice", of_actor("notify_notice.user_id"))
protect("notify_delivery", through("notify_notice", "notify_delivery.notice_id"))
protect("notify_preference", of_actor("notify_preference.user_id"))
protect("notify_pushsubscription", of_actor("notify_pushsubscription.user_id"))
