"""Questions that fit tens of thousands are answered off an index in the order of the answer.

A question is first asked for all that fits, up to some thousand, which are sorted. What fits more
is not sorted: an index gives it in order, and as much of it fits that the first page is soon full.
"""

from django.db import migrations, models
from django.db.models.functions import Collate, Left

# Below three letters there is no trigram: LIKE would have its index read whole.
WITHIN = """
CREATE OR REPLACE FUNCTION search_within(letters text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN length(letters) > 2 THEN format('e.pinyin LIKE %L', '%' || letters || '%')
            ELSE format('strpos(e.pinyin, %L) > 0', letters) END
$$
"""
FIND = """
CREATE OR REPLACE FUNCTION search_find(
  of_kind text, prefixes text[], granted uuid[], grams text[], hanzi text[], letters text[],
  marks bytea[], most int
) RETURNS TABLE (target uuid) LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = public, pg_temp
SET enable_seqscan = off SET enable_sort = on SET enable_bitmapscan = on AS $$
DECLARE
  sorted_most CONSTANT int := 4000;
  in_order CONSTANT text := ' ORDER BY e.pinyin COLLATE "C", e.target';
  to_sort CONSTANT text :=
    'WITH fit AS MATERIALIZED (SELECT e.target, e.rank, e.pinyin,'
    || ' CASE WHEN length($5) > 0 AND e.title = $5 OR length($6) > 0 AND e.pinyin = $6 THEN 0'
    || '      WHEN starts_with(e.title, $5) AND starts_with(e.pinyin, $6) THEN 1'
    || '      ELSE 2 END AS fit ';
  best_first CONSTANT text :=
    ' LIMIT $8) SELECT (SELECT count(*) FROM fit), ARRAY(SELECT b.target FROM'
    || '   (SELECT DISTINCT ON (f.target) f.* FROM fit f'
    || '     ORDER BY f.target, f.rank, f.fit, f.pinyin COLLATE "C") b'
    || '   ORDER BY b.rank, b.fit, b.pinyin COLLATE "C", b.target LIMIT $7)';
  joined text := array_to_string(letters, '');
  first text := coalesce(hanzi[1], '');
  reach text := '';         -- who may be found
  words text := '';         -- whom the words fit
  heads text[] := '{}';     -- whose name begins with one of the words, in the order of the answer
  seen text := 'false';
  each text;
  is_wide boolean := false; -- more than towns
  has_index boolean := true;
  wanted text[] := '{}';
  found uuid[] := '{}';
  fitting int;
  one uuid;
BEGIN
  IF cardinality(hanzi) = 0 AND joined = '' AND cardinality(marks) = 0 THEN RETURN; END IF;
  FOREACH each IN ARRAY prefixes LOOP
    is_wide := is_wide OR length(each) < 9;
    reach := reach || CASE WHEN reach = '' THEN '' ELSE ' OR ' END
      || CASE WHEN each = '' THEN 'true' ELSE format('e.region_code LIKE %L', each || '%') END;
  END LOOP;
  IF cardinality(granted) > 0 THEN
    reach := reach || CASE WHEN reach = '' THEN '' ELSE ' OR ' END || 'e.target = ANY ($2)';
  END IF;
  IF reach = '' THEN RETURN; END IF;
  reach := 'FROM search_entry e WHERE e.kind = $1 AND (' || reach || ')';
  IF cardinality(hanzi) > 0 THEN
    words := words || ' AND e.grams @> $3::varchar[]';
    FOREACH each IN ARRAY hanzi LOOP
      IF length(each) > 2 THEN
        words := words || format(' AND strpos(e.title, %L) > 0', each);
      END IF;
    END LOOP;
  END IF;
  IF joined <> '' THEN
    words := words || format(
      ' AND (e.initials LIKE %L OR e.initials LIKE %L', joined || '%', '% ' || joined || '%');
    IF cardinality(letters) > 1 THEN
      words := words || ' OR (true';  -- also true where they stand side by side
      FOREACH each IN ARRAY letters LOOP
        words := words || ' AND ' || search_within(each);
      END LOOP;
      words := words || ')';
      has_index := (SELECT max(length(l)) > 2 FROM unnest(letters) l);  -- of three letters
    ELSIF length(joined) > 2 OR cardinality(hanzi) > 0 OR cardinality(marks) > 0 THEN
      words := words || ' OR ' || search_within(joined);
    ELSE
      words := words
        || format(' OR e.pinyin LIKE %L OR e.pinyin LIKE %L', joined || '%', '% ' || joined || '%');
    END IF;
    words := words || ')';
  END IF;
  IF cardinality(marks) > 0 THEN words := words || ' AND e.marks && $4'; END IF;
  IF length(first) > 1 THEN
    heads := ARRAY[
      format('left(e.title, 1) = %L AND starts_with(e.title, %L)', left(first, 1), first)];
  END IF;
  FOREACH each IN ARRAY hanzi LOOP
    heads := heads || format('left(e.title, 1) = %L', left(each, 1));
  END LOOP;
  IF joined <> '' THEN
    FOREACH each IN ARRAY joined || letters || left(joined, 1) LOOP
      heads := heads || format('e.pinyin COLLATE "C" LIKE %L', each || '%');
    END LOOP;
  END IF;

  -- Whose name begins so comes first: of a family name alone these fill the page.
  IF is_wide AND cardinality(marks) = 0 AND (hanzi = '{}' OR joined = '' AND hanzi[1] = grams[1]
                                             AND cardinality(grams) = 1) THEN
    wanted := ARRAY[' AND e.rank = 0 AND ' || heads[1]];
  END IF;
  PERFORM set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true);
  FOREACH each IN ARRAY wanted LOOP
    FOR one IN EXECUTE 'SELECT e.target ' || reach || each || in_order USING of_kind, granted LOOP
      IF one <> ALL (found) THEN found := found || one; END IF;
      EXIT WHEN cardinality(found) >= most;
    END LOOP;
  END LOOP;
  IF cardinality(found) >= most THEN RETURN QUERY SELECT unnest(found); RETURN; END IF;

  IF has_index OR cardinality(hanzi) + cardinality(marks) > 0 OR NOT is_wide THEN
    PERFORM set_config('enable_sort', 'on', true), set_config('enable_bitmapscan', 'on', true);
    EXECUTE to_sort || reach || words || best_first INTO fitting, found
      USING of_kind, granted, grams, marks, first, joined, most, sorted_most + 1;
    IF fitting <= sorted_most THEN RETURN QUERY SELECT unnest(found); RETURN; END IF;
  END IF;

  -- Too many to sort: off the index, as long as there is room on the page.
  PERFORM set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true);
  found := '{}';
  wanted := '{}';
  FOREACH each IN ARRAY heads || 'true'::text LOOP
    wanted := wanted || format(' AND %s AND NOT (%s)', each, seen);
    seen := seen || ' OR ' || each;
  END LOOP;
  wanted := ARRAY(SELECT format(' AND e.rank = %s', r) || w
                    FROM generate_series(0, 1) r, unnest(wanted) WITH ORDINALITY AS o(w, n)
                   ORDER BY r, n);
  FOREACH each IN ARRAY wanted LOOP
    FOR one IN EXECUTE 'SELECT e.target ' || reach || words || each || in_order
      USING of_kind, granted, grams, marks LOOP
      IF one <> ALL (found) THEN found := found || one; END IF;
      EXIT WHEN cardinality(found) >= most;
    END LOOP;
    EXIT WHEN cardinality(found) >= most;
  END LOOP;
  IF cardinality(found) < most THEN  -- all that fits, and few: sorted after all
    PERFORM set_config('enable_sort', 'on', true), set_config('enable_bitmapscan', 'on', true);
    EXECUTE to_sort || reach || words || ' AND e.target = ANY ($9)' || best_first
      INTO fitting, found
      USING of_kind, granted, grams, marks, first, joined, most, NULL::int, found;
  END IF;
  RETURN QUERY SELECT unnest(found);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0004_as_owner")]

    operations = [
        migrations.AddIndex(
            "searchentry",
            models.Index(
                "kind",
                "rank",
                Collate("pinyin", "C"),
                "target",
                name="search_in_order",
                include=("region_code", "initials"),
            ),
        ),
        migrations.AddIndex(
            "searchentry",
            models.Index(
                "kind",
                Left("title", 1),
                "rank",
                Collate("pinyin", "C"),
                "target",
                name="search_by_family",
                include=("region_code", "title"),
            ),
        ),
        migrations.RunSQL(WITHIN, migrations.RunSQL.noop),
        migrations.RunSQL(FIND, migrations.RunSQL.noop),
    ]
