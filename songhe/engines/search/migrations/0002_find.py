"""The function that finds: the actor's scope is applied within, so nothing outside can be asked.

It builds its statement of the conditions that are asked, so that each is planned with its values
and takes the index that fits; values are parameters, never text. What fits in more than one way is
found once, the best way first. It works as the owner of the tables: under row-level security
trigrams would lose their index.
"""

from django.db import migrations

FIND = """
CREATE FUNCTION search_find(
  of_kind text, prefixes text[], granted uuid[], grams text[], hanzi text[], letters text[],
  marks bytea[], most int
) RETURNS TABLE (target uuid) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  joined text := array_to_string(letters, '');
  first text := coalesce(hanzi[1], '');
  conditions text := 'e.kind = $1';
  reach text := '';
  each text;
BEGIN
  IF cardinality(hanzi) = 0 AND joined = '' AND cardinality(marks) = 0 THEN RETURN; END IF;
  FOREACH each IN ARRAY prefixes LOOP
    reach := reach || CASE WHEN reach = '' THEN '' ELSE ' OR ' END
      || CASE WHEN each = '' THEN 'true' ELSE format('e.region_code LIKE %L', each || '%') END;
  END LOOP;
  IF cardinality(granted) > 0 THEN
    reach := reach || CASE WHEN reach = '' THEN '' ELSE ' OR ' END || 'e.target = ANY ($2)';
  END IF;
  IF reach = '' THEN RETURN; END IF;
  conditions := conditions || ' AND (' || reach || ')';
  IF cardinality(hanzi) > 0 THEN
    conditions := conditions || ' AND e.grams @> $3::varchar[]';
    FOREACH each IN ARRAY hanzi LOOP
      IF length(each) > 2 THEN
        conditions := conditions || format(' AND strpos(e.title, %L) > 0', each);
      END IF;
    END LOOP;
  END IF;
  IF joined <> '' THEN
    conditions := conditions || format(
      ' AND (e.pinyin LIKE %L OR e.pinyin LIKE %L OR e.initials LIKE %L OR e.initials LIKE %L',
      joined || '%', '% ' || joined || '%', joined || '%', '% ' || joined || '%');
    IF length(joined) > 2 OR cardinality(hanzi) > 0 OR cardinality(marks) > 0 THEN
      conditions := conditions || format(' OR e.pinyin LIKE %L', '%' || joined || '%');
    END IF;
    IF cardinality(letters) > 1 THEN
      conditions := conditions || ' OR (true';
      FOREACH each IN ARRAY letters LOOP
        conditions := conditions || format(' AND e.pinyin LIKE %L', '%' || each || '%');
      END LOOP;
      conditions := conditions || ')';
    END IF;
    conditions := conditions || ')';
  END IF;
  IF cardinality(marks) > 0 THEN
    conditions := conditions || ' AND e.marks && $4';
  END IF;
  RETURN QUERY EXECUTE
    'SELECT f.target FROM (SELECT DISTINCT ON (e.target) e.target, e.rank, e.pinyin,'
    || '  CASE WHEN e.title = $5 OR e.pinyin = $6 THEN 0'
    || '       WHEN starts_with(e.title, $5) AND starts_with(e.pinyin, $6) THEN 1'
    || '       ELSE 2 END AS fit'
    || ' FROM search_entry e WHERE ' || conditions || ' ORDER BY e.target, e.rank, 4) f'
    || ' ORDER BY f.rank, f.fit, f.pinyin, f.target LIMIT $7'
    USING of_kind, granted, grams, marks, first, joined, most;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FIND,
            "DROP FUNCTION search_find(text, text[], uuid[], text[], text[], text[], bytea[], int)",
        )
    ]
