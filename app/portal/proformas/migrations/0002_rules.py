"""The rules that must never break: allowed moves, four eyes, counts and money that add up, issued means final."""

from django.db import migrations

from portal.audit.database import WORK_UNIT_PROGRESS, append_only, audited, no_truncate

MOVES = """
CREATE FUNCTION proformas_refuse(message text, hint text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'integrity_constraint_violation', HINT = hint;
END $$;

-- Four eyes: the approver has not prepared, submitted, edited or decided anything since the last approval.
CREATE FUNCTION proformas_check_approval(p proformas_proforma, since timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE actor text := audit_actor();
BEGIN
  IF p.approved_by <> actor THEN
    PERFORM proformas_refuse('approved_by must be the person who acts', '');
  END IF;
  IF NOT EXISTS (SELECT FROM accounts_user u WHERE u.username = actor AND u.is_active AND 'approver' = ANY (u.roles)) THEN
    PERFORM proformas_refuse(actor || ' may not approve', 'It needs an active person with the role approver.');
  END IF;
  IF actor IN (p.prepared_by, p.submitted_by)
     OR EXISTS (SELECT FROM proformas_edit e WHERE e.proforma_id = p.id AND e.editor = actor
                AND e.at > coalesce(since, '-infinity'))
     OR EXISTS (SELECT FROM proformas_decision d WHERE d.contract_id = p.contract_id
                AND d.period_start = p.period_start AND d.decided_by = actor
                AND d.decided_at > coalesce(since, '-infinity')) THEN
    PERFORM proformas_refuse(actor || ' prepared or edited this proforma and may not approve it',
                             'Another approver has to look at it.');
  END IF;
END $$;

CREATE FUNCTION proformas_check_complete(p proformas_proforma) RETURNS void LANGUAGE plpgsql AS $$
DECLARE boxed bigint; lines_net numeric; unproven bigint;
BEGIN
  SELECT count(*) INTO boxed FROM proformas_boxedticket b WHERE b.proforma_id = p.id;
  IF boxed <> p.source_total + p.carried_in THEN
    PERFORM proformas_refuse(format('%s tickets are in boxes, %s were collected and %s carried in',
      boxed, p.source_total, p.carried_in), 'Compose again.');
  END IF;
  SELECT coalesce(sum(l.net), 0) INTO lines_net FROM proformas_line l WHERE l.proforma_id = p.id;
  IF lines_net <> p.net THEN
    PERFORM proformas_refuse(format('the lines add up to %s, the proforma says %s', lines_net, p.net), 'Compose again.');
  END IF;
  SELECT count(*) INTO unproven FROM proformas_line l WHERE l.proforma_id = p.id AND l.origin = 'tickets'
    AND l.rated_net <> (SELECT coalesce(sum(b.amount), 0) FROM proformas_boxedticket b WHERE b.line_id = l.id);
  IF unproven > 0 THEN
    PERFORM proformas_refuse(unproven || ' ticket lines do not equal the sum of their tickets', 'Compose again.');
  END IF;
END $$;

CREATE FUNCTION proformas_number(series text, year integer, last integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT series || '-' || year || '-' || lpad(last::text, 6, '0')
$$;

CREATE FUNCTION proformas_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'draft' OR NEW.number IS NOT NULL THEN
      PERFORM proformas_refuse('a proforma begins as a draft without a number', '');
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state = 'issued' THEN
    PERFORM proformas_refuse('proforma ' || OLD.number || ' is issued: ' || TG_OP || ' refused',
                             'A revision supersedes it, a later period corrects it.');
  END IF;
  IF TG_OP = 'DELETE' THEN
    PERFORM proformas_refuse('a proforma is never deleted', '');
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN
     ('draft>in_review', 'in_review>draft', 'in_review>approved', 'approved>draft', 'approved>issued') THEN
    PERFORM proformas_refuse('a proforma cannot go from ' || OLD.state || ' to ' || NEW.state, '');
  END IF;
  IF (NEW.number IS NOT NULL) <> (NEW.state = 'issued') THEN
    PERFORM proformas_refuse('a number is taken at issue, and only then', '');
  END IF;
  IF OLD.state = 'approved' AND NEW.state IN ('approved', 'issued')
     AND (NEW.net, NEW.tax, NEW.gross, NEW.vat_rate, NEW.approved_by, NEW.approved_at, NEW.prepared_by)
       IS DISTINCT FROM (OLD.net, OLD.tax, OLD.gross, OLD.vat_rate, OLD.approved_by, OLD.approved_at, OLD.prepared_by) THEN
    PERFORM proformas_refuse('what is approved cannot be changed', 'Send it back first.');
  END IF;
  IF NEW.state <> OLD.state AND NEW.state = 'approved' THEN
    PERFORM proformas_check_approval(NEW, OLD.approved_at);
    NEW.approved_at := clock_timestamp();  -- edits before it count as approved, so nobody else may set it
  ELSIF NEW.approved_at IS DISTINCT FROM OLD.approved_at THEN
    PERFORM proformas_refuse('the time of an approval is set by an approval', '');
  END IF;
  IF NEW.state <> OLD.state AND NEW.state IN ('in_review', 'approved', 'issued') THEN
    PERFORM proformas_check_complete(NEW);
  END IF;
  IF NEW.state = 'issued' AND (NEW.header IS NULL OR length(NEW.content_sha256) <> 64 OR NEW.issued_at IS NULL) THEN
    PERFORM proformas_refuse('an issued proforma carries its header, content hash and time', '');
  END IF;
  IF NEW.state = 'issued' AND NOT EXISTS (SELECT FROM proformas_numbercounter c
      WHERE NEW.number = proformas_number(c.series, c.year, c.last)) THEN
    PERFORM proformas_refuse('number ' || NEW.number || ' is not the one that its counter gave', '');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON proformas_proforma
  FOR EACH ROW EXECUTE FUNCTION proformas_guard();
"""
MOVES_DROP = """
DROP TRIGGER guard ON proformas_proforma; DROP FUNCTION proformas_guard();
DROP FUNCTION proformas_number(text, integer, integer);
DROP FUNCTION proformas_check_complete(proformas_proforma);
DROP FUNCTION proformas_check_approval(proformas_proforma, timestamptz); DROP FUNCTION proformas_refuse(text, text);
"""

# A counter goes up by one, and by the end of the transaction its number stands on an issued proforma: no gaps.
NUMBERS = """
CREATE FUNCTION proformas_guard_counter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.last = 0 THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.series, NEW.year, NEW.last) = (OLD.series, OLD.year, OLD.last + 1) THEN
    RETURN NEW;
  END IF;
  PERFORM proformas_refuse('a number counter begins at 0 and goes up by one', '');
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON proformas_numbercounter
  FOR EACH ROW EXECUTE FUNCTION proformas_guard_counter();

CREATE FUNCTION proformas_number_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM proformas_proforma p WHERE p.state = 'issued'
                 AND p.number = proformas_number(NEW.series, NEW.year, NEW.last)) THEN
    PERFORM proformas_refuse('number ' || proformas_number(NEW.series, NEW.year, NEW.last) || ' was taken and not used', '');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER used AFTER UPDATE ON proformas_numbercounter DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION proformas_number_used();

CREATE FUNCTION proformas_decided_now() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.decided_by := audit_actor();
  NEW.decided_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER decided_now BEFORE INSERT ON proformas_decision
  FOR EACH ROW EXECUTE FUNCTION proformas_decided_now();
"""
NUMBERS_DROP = """
DROP TRIGGER decided_now ON proformas_decision; DROP FUNCTION proformas_decided_now();
DROP TRIGGER used ON proformas_numbercounter; DROP FUNCTION proformas_number_used();
DROP TRIGGER guard ON proformas_numbercounter; DROP FUNCTION proformas_guard_counter();
"""

# Lines and boxes change only while people may edit; the lock makes an edit wait for an approval under way and be refused.
PARTS = """
CREATE FUNCTION proformas_guard_parts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE parent record;
BEGIN
  FOR parent IN SELECT p.id, p.state FROM proformas_proforma p
      WHERE p.id IN (SELECT DISTINCT proforma_id FROM changed) FOR SHARE LOOP
    IF parent.state NOT IN ('draft', 'in_review') THEN
      PERFORM proformas_refuse(format('proforma %s is %s: %s of its parts refused', parent.id, parent.state, TG_OP),
                               'Send it back first; what is issued stays.');
    END IF;
    INSERT INTO proformas_edit (proforma_id, editor, at) VALUES (parent.id, audit_actor(), clock_timestamp());
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION proformas_audit_boxes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (actor, action, subject, subject_id, parent, reason, changes)
    SELECT audit_actor(), lower(TG_OP), TG_TABLE_NAME, '', 'proformas_proforma:' || g.proforma_id,
      coalesce(current_setting('proforma.reason', true), ''),
      jsonb_build_object('boxes', g.boxes, 'tickets', g.n) || CASE WHEN g.n > 50 THEN '{}'::jsonb ELSE
        jsonb_build_object('numbers', (SELECT jsonb_agg(s.number ORDER BY s.number) FROM changed c
          JOIN tickets_snapshot s ON s.id = c.snapshot_id WHERE c.proforma_id = g.proforma_id)) END
    FROM (SELECT proforma_id, sum(n) AS n, jsonb_object_agg(trim(box || ' ' || reason), n) AS boxes
          FROM (SELECT proforma_id, box, reason, count(*) AS n FROM changed GROUP BY 1, 2, 3) t GROUP BY 1) g;
  RETURN NULL;
END $$;
"""
PARTS_DROP = "DROP FUNCTION proformas_audit_boxes(); DROP FUNCTION proformas_guard_parts();"


def _on_change(table: str, function: str, name: str) -> migrations.RunSQL:
    """Statement-level triggers for all three operations (a transition table is of one operation only)."""
    tables = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
    create = "".join(
        f"CREATE TRIGGER {name}_{op.lower()} AFTER {op} ON {table} REFERENCING {rows} TABLE AS changed "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}();"
        for op, rows in tables.items()
    )
    drop = "".join(f"DROP TRIGGER {name}_{op.lower()} ON {table};" for op in tables)
    return migrations.RunSQL(create, drop)


class Migration(migrations.Migration):
    dependencies = [("proformas", "0001_initial"), ("accounts", "0002_rules"), ("tickets", "0002_rules")]
    operations = [
        migrations.RunSQL(MOVES, MOVES_DROP),
        migrations.RunSQL(PARTS, PARTS_DROP),
        migrations.RunSQL(NUMBERS, NUMBERS_DROP),
        _on_change("proformas_line", "proformas_guard_parts", "guard"),
        _on_change("proformas_boxedticket", "proformas_guard_parts", "guard"),
        _on_change("proformas_boxedticket", "proformas_audit_boxes", "audited"),
        audited("proformas_proforma"),
        audited("proformas_line", parent="proformas_proforma:proforma_id"),
        audited("proformas_decision", parent="contracts_contract:contract_id"),
        audited("proformas_monthrun", ignore=[*WORK_UNIT_PROGRESS, "rated_at"], actor="worker"),
        append_only("proformas_decision"),
        append_only("proformas_edit"),
        *(no_truncate(f"proformas_{name}") for name in ("proforma", "line", "boxedticket", "numbercounter")),
    ]
