"""People are recorded, never renamed, never deleted."""

from django.db import migrations

from portal.audit.database import audited, no_truncate

GUARD = """
CREATE FUNCTION accounts_guard_user() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'people are switched off, not deleted: the record names them'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.username <> OLD.username THEN
    RAISE EXCEPTION 'a user name stands in the record and cannot be changed'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE UPDATE OR DELETE ON accounts_user FOR EACH ROW EXECUTE FUNCTION accounts_guard_user();
"""
DROP = "DROP TRIGGER guard ON accounts_user; DROP FUNCTION accounts_guard_user();"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(GUARD, DROP),
        audited("accounts_user", ignore=["last_login"], secret=["password"]),
        no_truncate("accounts_user"),
    ]
