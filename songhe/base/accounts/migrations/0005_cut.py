"""A sign-in that ends is told to the event stream, and so is an account that is closed."""

from __future__ import annotations

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_tell_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('songhe_cut', 'session:' ||
        left(encode(sha256(convert_to(OLD.session_key, 'UTF8')), 'hex'), 24));
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_session_ended AFTER DELETE ON accounts_session
    FOR EACH ROW WHEN (OLD.user_id IS NOT NULL) EXECUTE FUNCTION accounts_tell_end();

CREATE FUNCTION accounts_tell_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('songhe_cut', 'user:' || NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_user_closed AFTER UPDATE OF is_active ON accounts_user
    FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
    EXECUTE FUNCTION accounts_tell_closed();
"""
BACKWARD = """
DROP TRIGGER accounts_user_closed ON accounts_user;
DROP FUNCTION accounts_tell_closed();
DROP TRIGGER accounts_session_ended ON accounts_session;
DROP FUNCTION accounts_tell_end();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_trust")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
