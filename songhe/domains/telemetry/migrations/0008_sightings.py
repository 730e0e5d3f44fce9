"""Stored sightings of beacons get the code of their own: they tell where a person is.

Until now they stood as the signal of a link (61), which who may see a device's state could read.
"""

from typing import Any

from django.db import migrations

LINK, SIGHTING = 61, 54
MARKS = {LINK: -1793276403457090171, SIGHTING: -3641698192321734548}  # fingerprints
BEACONS = "SELECT id FROM devices_device WHERE type = 'beacon'"
# Sightings are the only readings that are stored of a person, or unbound tag, with a beacon's id
# and this one code; a beacon's own state stands under its own subject.
HOT = """
UPDATE {table} SET codes = ARRAY[{to}]::smallint[], fingerprint = {mark}
 WHERE codes = ARRAY[{of}]::smallint[] AND subject <> device AND device IN ({beacons})
"""
SEALED = """
INSERT INTO reading_shape (fingerprint, codes, decimals)
SELECT DISTINCT {mark}::bigint, ARRAY[{to}]::smallint[], decimals FROM reading_shape
 WHERE codes = ARRAY[{of}]::smallint[]
ON CONFLICT DO NOTHING;
UPDATE reading_day d SET shape = n.id
  FROM reading_shape o
  JOIN reading_shape n ON n.decimals = o.decimals AND n.codes = ARRAY[{to}]::smallint[]
 WHERE o.id = d.shape AND o.codes = ARRAY[{of}]::smallint[] AND d.subject <> d.device
   AND d.device IN ({beacons})
"""
# Positions are not rolled up: what these persons had as hours and days of a signal goes.
ROLLED = """
DELETE FROM reading_hour WHERE code = {of} AND subject IN (
  SELECT d.subject FROM reading_day d JOIN reading_shape s ON s.id = d.shape
   WHERE s.codes = ARRAY[{to}]::smallint[]);
DELETE FROM reading_month WHERE code = {of} AND subject IN (
  SELECT d.subject FROM reading_day d JOIN reading_shape s ON s.id = d.shape
   WHERE s.codes = ARRAY[{to}]::smallint[])
"""
LATEST = """
UPDATE latest l SET codes = n.codes, times = n.times, vals = n.vals, devices = n.devices
  FROM (
    SELECT o.subject, array_agg(u.code ORDER BY u.code) AS codes,
           array_agg(u.at ORDER BY u.code) AS times, array_agg(u.val ORDER BY u.code) AS vals,
           array_agg(u.device ORDER BY u.code) AS devices
      FROM latest o
     CROSS JOIN LATERAL (
       SELECT CASE WHEN c.code = {of} AND c.device <> o.subject AND c.device IN ({beacons})
                   THEN {to}::smallint ELSE c.code END AS code, c.at, c.val, c.device
         FROM unnest(o.codes, o.times, o.vals, o.devices) AS c(code, at, val, device)
     ) u
     WHERE o.codes @> ARRAY[{of}]::smallint[] AND NOT o.codes @> ARRAY[{to}]::smallint[]
     GROUP BY o.subject
  ) n
 WHERE n.subject = l.subject AND n.codes <> l.codes
"""


def move(cursor: Any, of: int, to: int) -> None:
    """Give the sightings of beacons another code, wherever they stand."""
    given = {"of": of, "to": to, "mark": MARKS[to], "beacons": BEACONS}
    cursor.execute(f"SELECT EXISTS ({BEACONS})")
    if not cursor.fetchone()[0]:
        return
    for table in ("reading_hot", "voided_reading"):
        cursor.execute(HOT.format(table=table, **given))
    for statement in (SEALED, ROLLED, LATEST):
        cursor.execute(statement.format(**given))


def forwards(_apps: Any, editor: Any) -> None:
    with editor.connection.cursor() as cursor:
        move(cursor, LINK, SIGHTING)


def backwards(_apps: Any, editor: Any) -> None:
    with editor.connection.cursor() as cursor:
        move(cursor, SIGHTING, LINK)


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0007_keeping"), ("devices", "0003_foreign_names")]
    operations = [migrations.RunPython(forwards, backwards)]
