"""Snapshots never change; what belongs to a complete collection never changes either."""

from django.db import migrations

from portal.audit.database import WORK_UNIT_PROGRESS, append_only, audited, no_truncate

FROZEN = """
CREATE FUNCTION tickets_frozen_collection() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM tickets_collection c WHERE c.state = 'done'
             AND c.id IN (SELECT DISTINCT collection_id FROM changed)) THEN
    RAISE EXCEPTION 'the collection is complete: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER frozen_insert AFTER INSERT ON tickets_collectedticket
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tickets_frozen_collection();
CREATE TRIGGER frozen_delete AFTER DELETE ON tickets_collectedticket
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION tickets_frozen_collection();
CREATE TRIGGER frozen_update BEFORE UPDATE ON tickets_collectedticket
  FOR EACH ROW EXECUTE FUNCTION refuse_change('append-only');

CREATE FUNCTION tickets_frozen_done() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.state = 'done' THEN
    RAISE EXCEPTION 'the collection is complete: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;
-- A month's window is cut by the contract's clocks: other clocks later would leave a hole or an overlap between months.
CREATE FUNCTION tickets_contract_in_use() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM tickets_collection c WHERE c.contract_id = OLD.id) THEN
    RAISE EXCEPTION 'contract % has months already: its time zone, currency and customer stay', OLD.number
      USING ERRCODE = 'integrity_constraint_violation', HINT = 'End it and make a new contract.';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER in_use BEFORE UPDATE ON contracts_contract FOR EACH ROW
  WHEN ((OLD.timezone, OLD.currency, OLD.customer_id) IS DISTINCT FROM (NEW.timezone, NEW.currency, NEW.customer_id))
  EXECUTE FUNCTION tickets_contract_in_use();
CREATE TRIGGER frozen_done BEFORE UPDATE OR DELETE ON tickets_collection
  FOR EACH ROW EXECUTE FUNCTION tickets_frozen_done();
"""
DROP = """
DROP TRIGGER in_use ON contracts_contract; DROP FUNCTION tickets_contract_in_use();
DROP TRIGGER frozen_done ON tickets_collection; DROP FUNCTION tickets_frozen_done();
DROP TRIGGER frozen_insert ON tickets_collectedticket; DROP TRIGGER frozen_delete ON tickets_collectedticket;
DROP TRIGGER frozen_update ON tickets_collectedticket; DROP FUNCTION tickets_frozen_collection();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial"), ("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(FROZEN, DROP),
        append_only("tickets_snapshot"),
        audited("tickets_collection", ignore=WORK_UNIT_PROGRESS, actor="worker"),
        no_truncate("tickets_collection"),
        no_truncate("tickets_collectedticket"),
    ]
