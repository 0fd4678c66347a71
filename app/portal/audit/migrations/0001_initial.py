"""The audit record, the functions that guard it, and what the application's role may do with every table to come."""

from django.conf import settings
from django.db import migrations, models

# The application's role may read and write rows of tables made later, and nothing else: no TRUNCATE, no ownership.
GRANTS = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
    RAISE EXCEPTION 'The role {role} does not exist. Create it (LOGIN, not a superuser, owning nothing), then migrate.';
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON django_migrations TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
"""

FUNCTIONS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% is %: % refused', TG_TABLE_NAME, TG_ARGV[0], TG_OP
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION audit_sha256(previous text, id bigint, at timestamptz, actor text, action text, subject text,
    subject_id text, parent text, reason text, changes jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT encode(sha256(convert_to(jsonb_build_array(previous, id,
    extract(epoch FROM at), actor, action, subject, subject_id, parent, reason, changes)::text, 'UTF8')), 'hex')
$$;

-- One lock for the whole record, held until the transaction ends: numbers without gaps, in the order of commits.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE last record;
BEGIN
  PERFORM pg_advisory_xact_lock(7076001);
  SELECT e.id, e.sha256 INTO last FROM audit_entry e ORDER BY e.id DESC LIMIT 1;
  NEW.id := coalesce(last.id, 0) + 1;
  NEW.at := clock_timestamp();
  NEW.previous_sha256 := coalesce(last.sha256, '');
  NEW.sha256 := audit_sha256(NEW.previous_sha256, NEW.id, NEW.at, NEW.actor, NEW.action, NEW.subject,
    NEW.subject_id, NEW.parent, NEW.reason, NEW.changes);
  RETURN NEW;
END $$;

CREATE FUNCTION audit_actor(fallback text DEFAULT '') RETURNS text LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE actor text := coalesce(nullif(current_setting('proforma.actor', true), ''), fallback);
BEGIN
  IF coalesce(actor, '') = '' THEN
    RAISE EXCEPTION 'no actor: changes of audited tables are made inside audit.services.acting()'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN actor;
END $$;

-- Arguments: ignored columns, secret columns, parent as table:column, actor if none is set. See audit.database.audited.
CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  ignored text[] := string_to_array(TG_ARGV[0], ',');
  hidden text[] := string_to_array(TG_ARGV[1], ',');
  before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
  after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END;
  present jsonb := CASE WHEN TG_OP = 'DELETE' THEN before ELSE after END;
  changes jsonb;
  parent text := '';
BEGIN
  SELECT coalesce(jsonb_object_agg(key, CASE
      WHEN key = ANY (hidden) THEN '"***"'::jsonb
      WHEN TG_OP = 'UPDATE' THEN jsonb_build_array(before -> key, after -> key)
      ELSE present -> key END), '{}')
    INTO changes FROM jsonb_object_keys(present) AS key
    WHERE NOT key = ANY (ignored) AND (TG_OP <> 'UPDATE' OR before -> key IS DISTINCT FROM after -> key);
  IF TG_OP = 'UPDATE' AND changes = '{}' THEN
    RETURN NULL;
  END IF;
  IF TG_ARGV[2] <> '' THEN
    parent := split_part(TG_ARGV[2], ':', 1) || ':' || coalesce(present ->> split_part(TG_ARGV[2], ':', 2), '');
  END IF;
  INSERT INTO audit_entry (actor, action, subject, subject_id, parent, reason, changes)
    VALUES (audit_actor(TG_ARGV[3]), lower(TG_OP), TG_TABLE_NAME, coalesce(present ->> 'id', ''), parent,
      coalesce(current_setting('proforma.reason', true), ''), changes);
  RETURN NULL;
END $$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION audit_change(); DROP FUNCTION audit_actor(text); DROP FUNCTION audit_chain();
DROP FUNCTION audit_sha256(text, bigint, timestamptz, text, text, text, text, text, text, jsonb);
DROP FUNCTION refuse_change();
"""

GUARDS = """
ALTER TABLE audit_entry ALTER COLUMN parent SET DEFAULT '', ALTER COLUMN reason SET DEFAULT '';
CREATE TRIGGER chain BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_chain();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION refuse_change('append-only');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('append-only');
REVOKE UPDATE, DELETE ON audit_entry FROM {role};
"""


class Migration(migrations.Migration):
    initial = True
    run_before = [("contenttypes", "0001_initial"), ("sessions", "0001_initial"), ("axes", "0001_initial")]
    dependencies = []
    operations = [
        migrations.RunSQL(GRANTS.format(role=settings.DATABASE_APP_ROLE), migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=150)),
                ("action", models.CharField(max_length=40)),
                ("subject", models.CharField(max_length=63)),
                ("subject_id", models.CharField(max_length=40)),
                ("parent", models.CharField(blank=True, default="", max_length=80)),
                ("reason", models.TextField(blank=True, default="")),
                ("changes", models.JSONField()),
                ("previous_sha256", models.CharField(max_length=64)),
                ("sha256", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["subject", "subject_id"], name="audit_subject"),
                    models.Index(fields=["parent"], name="audit_parent"),
                ],
            },
        ),
        migrations.RunSQL(GUARDS.format(role=settings.DATABASE_APP_ROLE), migrations.RunSQL.noop),
    ]
