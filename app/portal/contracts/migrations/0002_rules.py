"""No two rates on one day, prices never change afterwards, every change is recorded."""

from django.db import migrations

from portal.audit.database import audited, no_truncate

# A range type over text makes the exclusion work without the extension btree_gist, which not every server has.
NO_OVERLAP = """
CREATE TYPE contracts_textrange AS RANGE (subtype = text);
ALTER TABLE contracts_rate ADD CONSTRAINT rate_no_overlap EXCLUDE USING gist (
  int8range(contract_id, contract_id, '[]') WITH &&,
  contracts_textrange(kind || '/' || priority, kind || '/' || priority, '[]') WITH &&,
  daterange(valid_from, valid_to) WITH &&
);
"""
NO_OVERLAP_DROP = """
ALTER TABLE contracts_rate DROP CONSTRAINT rate_no_overlap; DROP TYPE contracts_textrange;
"""
ONLY_THE_END = """
CREATE FUNCTION contracts_only_the_end() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'valid_to' IS DISTINCT FROM to_jsonb(OLD) - 'valid_to' THEN
    RAISE EXCEPTION '% %: only its end may be changed; end it and add a new one', TG_TABLE_NAME, OLD.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_the_end BEFORE UPDATE OR DELETE ON contracts_rate
  FOR EACH ROW EXECUTE FUNCTION contracts_only_the_end();
CREATE TRIGGER only_the_end BEFORE UPDATE OR DELETE ON contracts_fixedline
  FOR EACH ROW EXECUTE FUNCTION contracts_only_the_end();
"""
ONLY_THE_END_DROP = """
DROP TRIGGER only_the_end ON contracts_rate; DROP TRIGGER only_the_end ON contracts_fixedline;
DROP FUNCTION contracts_only_the_end();
"""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0001_initial"), ("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(NO_OVERLAP, NO_OVERLAP_DROP),
        migrations.RunSQL(ONLY_THE_END, ONLY_THE_END_DROP),
        audited("contracts_supplier"),
        audited("contracts_customer"),
        audited("contracts_ticketsource", parent="contracts_customer:customer_id"),
        audited("contracts_sapendpoint", parent="contracts_customer:customer_id"),
        audited("contracts_contract"),
        audited("contracts_fixedline", parent="contracts_contract:contract_id"),
        audited("contracts_rate", parent="contracts_contract:contract_id"),
        *(no_truncate(f"contracts_{name}") for name in ("contract", "fixedline", "rate")),
    ]
