-- The functions of an update before it was recorded from its new rows alone, as
-- they were installed for a model with a version, times and a mark of deletion.
DROP TRIGGER "handleref_odd_entries" ON "entries";
DROP FUNCTION "handleref_odd_entries"();

CREATE OR REPLACE FUNCTION "handleref_guard_entries"() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $handleref$
BEGIN
  -- Made by handleref. Called only for a writer that does not raise the version.
  IF NEW OPERATOR(pg_catalog.*<>) OLD THEN
    NEW."version" := CASE WHEN OLD."version" OPERATOR(pg_catalog.>=) 9223372036854775807 THEN CAST('handleref: the versions of entries are at their end: ' OPERATOR(pg_catalog.||) OLD."version" AS BIGINT) ELSE OLD."version" OPERATOR(pg_catalog.+) 1 END;
    NEW."updated_at" := greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), OLD."updated_at");
  END IF;
  RETURN NEW;
END
$handleref$;

CREATE OR REPLACE FUNCTION "handleref_update_entries"() RETURNS trigger LANGUAGE plpgsql SET jit = off SET enable_mergejoin = off SET enable_seqscan = off SET search_path = home, public, pg_temp AS $handleref$
#variable_conflict use_column
DECLARE
  rows bigint; olds bigint; written bigint; first bigint; moved boolean; amending pg_catalog.text; marked bigint;
BEGIN
  -- Made by handleref.
  IF pg_catalog.current_setting('handleref.paused_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.=) '1' OR pg_catalog.current_setting('handleref.paused', true) OPERATOR(pg_catalog.=) '1' OR pg_catalog.current_setting('handleref.amending', true) OPERATOR(pg_catalog.=) TG_RELID::pg_catalog.text THEN
    RETURN NULL;
  END IF;
  INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), n."version", CASE WHEN ((o."deleted_at" IS NOT NULL)) OPERATOR(pg_catalog.=) ((n."deleted_at" IS NOT NULL)) THEN 'update' WHEN (n."deleted_at" IS NOT NULL) THEN 'soft_delete' ELSE 'restore' END, greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), n."id", n."title", n."body", n."version", n."created_at", n."updated_at", n."deleted_at"
FROM (SELECT * FROM handleref_old LIMIT 1) AS o CROSS JOIN (SELECT * FROM handleref_new LIMIT 1) AS n
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE (n."id" OPERATOR(pg_catalog.=) o."id") AND pg_catalog.record_image_ne(ROW(n."id", n."title", n."body", n."created_at", n."deleted_at", n."version", n."updated_at"), ROW(o."id", o."title", o."body", o."created_at", o."deleted_at", o."version", o."updated_at")) AND NOT EXISTS (SELECT FROM handleref_new OFFSET 1) AND NOT EXISTS (SELECT FROM handleref_old OFFSET 1);
  IF FOUND THEN
    RETURN NULL;
  END IF;
  rows := (SELECT pg_catalog.count(*) FROM handleref_new);
  olds := (SELECT pg_catalog.count(*) FROM handleref_old);
  IF olds OPERATOR(pg_catalog.<>) rows THEN
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), n."version", CASE WHEN ((o."deleted_at" IS NOT NULL)) OPERATOR(pg_catalog.=) ((n."deleted_at" IS NOT NULL)) THEN 'update' WHEN (n."deleted_at" IS NOT NULL) THEN 'soft_delete' ELSE 'restore' END, greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), n."id", n."title", n."body", n."version", n."created_at", n."updated_at", n."deleted_at"
FROM handleref_old AS o JOIN handleref_new AS n ON (n."id" OPERATOR(pg_catalog.=) o."id")
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE (n."id" OPERATOR(pg_catalog.=) o."id") AND pg_catalog.record_image_ne(ROW(n."id", n."title", n."body", n."created_at", n."deleted_at", n."version", n."updated_at"), ROW(o."id", o."title", o."body", o."created_at", o."deleted_at", o."version", o."updated_at"))$handleref_sql$;
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), CASE WHEN o."version"::bigint OPERATOR(pg_catalog.>=) 9223372036854775807 THEN CAST('handleref: the versions of entries are at their end: ' OPERATOR(pg_catalog.||) o."version"::bigint AS BIGINT) ELSE o."version"::bigint OPERATOR(pg_catalog.+) 1 END, 'delete', greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), o."id", o."title", o."body", o."version", o."created_at", o."updated_at", o."deleted_at"
FROM handleref_old AS o
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) o."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE NOT EXISTS (SELECT FROM handleref_new AS n WHERE (n."id" OPERATOR(pg_catalog.=) o."id"))$handleref_sql$;
    first := pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass);
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), n."version", 'insert', greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), n."id", n."title", n."body", n."version", n."created_at", n."updated_at", n."deleted_at"
FROM (SELECT n.* FROM handleref_new AS n WHERE NOT EXISTS (SELECT FROM handleref_old AS o WHERE (n."id" OPERATOR(pg_catalog.=) o."id"))) AS n
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE (last.record_version OPERATOR(pg_catalog.<) n."version") IS NOT FALSE$handleref_sql$;
    EXECUTE $handleref_sql$SELECT FROM (SELECT n.* FROM handleref_new AS n WHERE NOT EXISTS (SELECT FROM handleref_old AS o WHERE (n."id" OPERATOR(pg_catalog.=) o."id"))) AS n
CROSS JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") AND l.record_id OPERATOR(pg_catalog.<) $1 ORDER BY l.record_id DESC LIMIT 1) AS last
CROSS JOIN LATERAL (SELECT FROM "home"."entries" AS t WHERE (t."id" OPERATOR(pg_catalog.=) n."id") FOR NO KEY UPDATE) AS t
WHERE last.record_version OPERATOR(pg_catalog.>=) n."version"$handleref_sql$ USING first;
    amending := pg_catalog.current_setting('handleref.amending', true);
    PERFORM pg_catalog.set_config('handleref.amending', TG_RELID::pg_catalog.text, true);
    EXECUTE $handleref_sql$UPDATE "home"."entries" AS t SET "version" = CASE WHEN last.record_version OPERATOR(pg_catalog.>=) 9223372036854775807 THEN CAST('handleref: the versions of entries are at their end: ' OPERATOR(pg_catalog.||) last.record_version AS BIGINT) ELSE last.record_version OPERATOR(pg_catalog.+) 1 END
FROM (SELECT n.* FROM handleref_new AS n WHERE NOT EXISTS (SELECT FROM handleref_old AS o WHERE (n."id" OPERATOR(pg_catalog.=) o."id"))) AS n
CROSS JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") AND l.record_id OPERATOR(pg_catalog.<) $1 ORDER BY l.record_id DESC LIMIT 1) AS last
WHERE (t."id" OPERATOR(pg_catalog.=) n."id") AND last.record_version OPERATOR(pg_catalog.>=) n."version"$handleref_sql$ USING first;
    PERFORM pg_catalog.set_config('handleref.amending', coalesce(amending, ''), true);
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), t."version", 'insert', greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), t."id", t."title", t."body", t."version", t."created_at", t."updated_at", t."deleted_at"
FROM (SELECT n.* FROM handleref_new AS n WHERE NOT EXISTS (SELECT FROM handleref_old AS o WHERE (n."id" OPERATOR(pg_catalog.=) o."id"))) AS n
CROSS JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") AND l.record_id OPERATOR(pg_catalog.<) $1 ORDER BY l.record_id DESC LIMIT 1) AS last
JOIN "home"."entries" AS t ON (t."id" OPERATOR(pg_catalog.=) n."id")
WHERE last.record_version OPERATOR(pg_catalog.>=) n."version"$handleref_sql$ USING first;
    RETURN NULL;
  END IF;
  IF rows OPERATOR(pg_catalog.>) 1 THEN
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), n."version", CASE WHEN ((o."deleted_at" IS NOT NULL)) OPERATOR(pg_catalog.=) ((n."deleted_at" IS NOT NULL)) THEN 'update' WHEN (n."deleted_at" IS NOT NULL) THEN 'soft_delete' ELSE 'restore' END, greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), n."id", n."title", n."body", n."version", n."created_at", n."updated_at", n."deleted_at"
FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE (n."id" OPERATOR(pg_catalog.=) o."id") AND pg_catalog.record_image_ne(ROW(n."id", n."title", n."body", n."created_at", n."deleted_at", n."version", n."updated_at"), ROW(o."id", o."title", o."body", o."created_at", o."deleted_at", o."version", o."updated_at"))$handleref_sql$;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written OPERATOR(pg_catalog.<) rows THEN
      EXECUTE $handleref_sql$SELECT EXISTS (SELECT FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id"))$handleref_sql$ INTO moved;
    END IF;
  ELSIF rows OPERATOR(pg_catalog.=) 1 THEN
    moved := EXISTS (SELECT FROM (SELECT * FROM handleref_old LIMIT 1) AS o CROSS JOIN (SELECT * FROM handleref_new LIMIT 1) AS n WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id"));
  END IF;
  IF moved THEN
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), CASE WHEN o."version"::bigint OPERATOR(pg_catalog.>=) 9223372036854775807 THEN CAST('handleref: the versions of entries are at their end: ' OPERATOR(pg_catalog.||) o."version"::bigint AS BIGINT) ELSE o."version"::bigint OPERATOR(pg_catalog.+) 1 END, 'delete', greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), o."id", o."title", o."body", o."version", o."created_at", o."updated_at", o."deleted_at"
FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) o."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id")$handleref_sql$;
    first := pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass);
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), n."version", 'insert', greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), n."id", n."title", n."body", n."version", n."created_at", n."updated_at", n."deleted_at"
FROM (SELECT n.* FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id")) AS n
LEFT JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") ORDER BY l.record_id DESC LIMIT 1) AS last ON true
WHERE (last.record_version OPERATOR(pg_catalog.<) n."version") IS NOT FALSE$handleref_sql$;
    EXECUTE $handleref_sql$SELECT FROM (SELECT n.* FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id")) AS n
CROSS JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") AND l.record_id OPERATOR(pg_catalog.<) $1 ORDER BY l.record_id DESC LIMIT 1) AS last
CROSS JOIN LATERAL (SELECT FROM "home"."entries" AS t WHERE (t."id" OPERATOR(pg_catalog.=) n."id") FOR NO KEY UPDATE) AS t
WHERE last.record_version OPERATOR(pg_catalog.>=) n."version"$handleref_sql$ USING first;
    amending := pg_catalog.current_setting('handleref.amending', true);
    PERFORM pg_catalog.set_config('handleref.amending', TG_RELID::pg_catalog.text, true);
    EXECUTE $handleref_sql$UPDATE "home"."entries" AS t SET "version" = CASE WHEN last.record_version OPERATOR(pg_catalog.>=) 9223372036854775807 THEN CAST('handleref: the versions of entries are at their end: ' OPERATOR(pg_catalog.||) last.record_version AS BIGINT) ELSE last.record_version OPERATOR(pg_catalog.+) 1 END
FROM (SELECT n.* FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id")) AS n
CROSS JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") AND l.record_id OPERATOR(pg_catalog.<) $1 ORDER BY l.record_id DESC LIMIT 1) AS last
WHERE (t."id" OPERATOR(pg_catalog.=) n."id") AND last.record_version OPERATOR(pg_catalog.>=) n."version"$handleref_sql$ USING first;
    PERFORM pg_catalog.set_config('handleref.amending', coalesce(amending, ''), true);
    EXECUTE $handleref_sql$INSERT INTO "home"."entry_records" ("record_id", "record_version", "record_operation", "recorded_at", "record_changeset", "id", "title", "body", "version", "created_at", "updated_at", "deleted_at")
SELECT pg_catalog.nextval('"home".handleref_record_id'::pg_catalog.regclass), t."version", 'insert', greatest((pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'), last.recorded_at), (SELECT CASE WHEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true) OPERATOR(pg_catalog.<>) '' THEN pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) '"home".handleref_changesets'::pg_catalog.regclass::pg_catalog.oid::pg_catalog.text, true)::bigint END), t."id", t."title", t."body", t."version", t."created_at", t."updated_at", t."deleted_at"
FROM (SELECT n.* FROM (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_old) AS o JOIN (SELECT *, pg_catalog.row_number() OVER () AS handleref_at FROM handleref_new) AS n ON o.handleref_at OPERATOR(pg_catalog.=) n.handleref_at WHERE NOT (n."id" OPERATOR(pg_catalog.=) o."id")) AS n
CROSS JOIN LATERAL (SELECT l.record_version, l.recorded_at FROM "home"."entry_records" AS l WHERE (l."id" OPERATOR(pg_catalog.=) n."id") AND l.record_id OPERATOR(pg_catalog.<) $1 ORDER BY l.record_id DESC LIMIT 1) AS last
JOIN "home"."entries" AS t ON (t."id" OPERATOR(pg_catalog.=) n."id")
WHERE last.record_version OPERATOR(pg_catalog.>=) n."version"$handleref_sql$ USING first;
  END IF;
  RETURN NULL;
END
$handleref$;
