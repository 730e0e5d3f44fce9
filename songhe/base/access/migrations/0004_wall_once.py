"""What row-level security asks again and again is answered once a statement.

The answers stand in settings of the connection (`wall.…`), each under whom it was given to and at
which statement: the next statement asks anew. Settings cannot be written by parallel workers, so
the functions are not for those.
"""

import importlib

from django.db import migrations

MARK = """
CREATE FUNCTION wall_mark() RETURNS text LANGUAGE sql STABLE AS $$
SELECT coalesce(current_setting('songhe.actor', true), '') || statement_timestamp()::text
$$;
"""
ONCE = """
CREATE OR REPLACE FUNCTION {name}(VARIADIC actions text[]) RETURNS {type}
LANGUAGE plpgsql STABLE AS $$
DECLARE
  setting text := 'wall.{name}_' || to_hex(hashtext(actions::text));
  head text := wall_mark() || actions::text;
  held text := current_setting(setting, true);
  found {type};
BEGIN
  IF starts_with(held, head) THEN
    RETURN substr(held, length(head) + 1)::{type};
  END IF;
  found := {name}_now(VARIADIC actions);
  PERFORM set_config(setting, head || found::text, false);
  RETURN found;
END $$;
"""
ASKED = {"wall_prefixes": "text[]", "wall_organizations": "uuid[]", "wall_holds": "boolean"}
BEFORE = importlib.import_module("songhe.base.access.migrations.0002_wall").SQL


def of(name: str) -> str:
    """Return the statement with which migration 0002 made a function."""
    return "CREATE" + next(part for part in BEFORE.split("CREATE")[1:] if f" {name}(" in part)


def anew(name: str) -> str:
    """Return the statement that puts the function of migration 0002 back in its place."""
    return of(name).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("access", "0003_statements")]
    operations = [
        migrations.RunSQL(MARK, "DROP FUNCTION wall_mark()"),
        *(
            migrations.RunSQL(
                # Policies hold a function by its number: it stays, and asks another of its kind.
                of(name).replace(f" {name}(", f" {name}_now(") + ONCE.format(name=name, type=kind),
                anew(name) + f"DROP FUNCTION {name}_now(VARIADIC text[])",
            )
            for name, kind in ASKED.items()
        ),
    ]
