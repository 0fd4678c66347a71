"""The rules that must never break: allowed moves, four eyes, counts and money that add up, issued means final."""

from django.db import migrations

from portal.audit.database import WORK_UNIT_PROGRESS, append_only, audited, kept, no_truncate

MOVES = """
CREATE FUNCTION proformas_refuse(message text, hint text) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = 'integrity_constraint_violation', HINT = hint;
END $$;

-- Four eyes: the approver has not prepared, submitted, edited or decided anything since the last approval.
CREATE FUNCTION proformas_check_approval(p proformas_proforma, since timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION proformas_check_complete(p proformas_proforma) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE boxed bigint; lines_net numeric; unproven bigint;
BEGIN
  SELECT count(*) INTO boxed FROM proformas_boxedticket b WHERE b.proforma_id = p.id;
  IF boxed <> p.source_total + p.carried_in THEN
    PERFORM proformas_refuse(format('%s tickets are in boxes, %s were collected and %s carried in',
      boxed, p.source_total, p.carried_in), 'Compose again.');
  END IF;
  IF EXISTS (SELECT FROM proformas_boxedticket b WHERE b.proforma_id = p.id AND NOT EXISTS (
       SELECT FROM tickets_collectedticket c WHERE c.collection_id = p.collection_id AND c.snapshot_id = b.snapshot_id))
     OR boxed <> (SELECT count(*) FROM tickets_collectedticket c WHERE c.collection_id = p.collection_id)
     OR NOT EXISTS (SELECT FROM tickets_collection c WHERE c.id = p.collection_id AND c.state = 'done') THEN
    PERFORM proformas_refuse('the tickets in boxes are not those of its complete collection', 'Compose again.');
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

CREATE FUNCTION proformas_number(series text, year integer, last integer) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
  SELECT series || '-' || year || '-' || lpad(last::text, 6, '0')
$$;

-- What each step may change; everything else stays as it is.
CREATE FUNCTION proformas_may_change(old_state text, new_state text) RETURNS text[] LANGUAGE sql IMMUTABLE
SET search_path = public, pg_temp AS $$
  SELECT CASE old_state || '>' || new_state
    WHEN 'draft>draft' THEN ARRAY['collection_id', 'vat_rate', 'currency', 'net', 'tax', 'gross', 'source_total',
                                  'carried_in', 'prepared_by', 'prepared_at']
    WHEN 'in_review>in_review' THEN ARRAY['net', 'tax', 'gross']
    WHEN 'draft>in_review' THEN ARRAY['state', 'submitted_by', 'note']
    WHEN 'in_review>draft' THEN ARRAY['state', 'note']
    WHEN 'in_review>approved' THEN ARRAY['state', 'approved_by', 'approved_at', 'header']
    WHEN 'approved>draft' THEN ARRAY['state', 'note', 'approved_by', 'header']
    WHEN 'approved>issued' THEN ARRAY['state', 'number', 'issued_by', 'issued_at', 'content_sha256', 'header']
  END
$$;

-- A ticket is billed once: on no other issued proforma, of whatever contract, from the same source.
CREATE FUNCTION proformas_check_billed_once(p proformas_proforma) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE found record;
BEGIN
  SELECT count(*) AS n, min(s.number) AS ticket, min(other.number) AS proforma INTO found
    FROM proformas_boxedticket b
    JOIN tickets_snapshot s ON s.id = b.snapshot_id
    JOIN tickets_snapshot same ON same.source_id = s.source_id AND same.source_key = s.source_key
    JOIN proformas_boxedticket before ON before.snapshot_id = same.id AND before.box = 'billed'
    JOIN proformas_proforma other ON other.id = before.proforma_id AND other.state = 'issued'
    WHERE b.proforma_id = p.id AND b.box = 'billed' AND other.id <> p.id;
  IF found.n > 0 THEN
    PERFORM proformas_refuse(format('%s tickets, for example %s, are billed on %s already',
      found.n, found.ticket, found.proforma), 'Send it back and compose again: they are excluded then.');
  END IF;
END $$;

CREATE FUNCTION proformas_check_step(old proformas_proforma, new proformas_proforma) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF new.state = 'in_review' AND new.submitted_by <> audit_actor() THEN
    PERFORM proformas_refuse('submitted_by must be the person who acts', '');
  END IF;
  IF new.state = 'approved' THEN
    PERFORM proformas_check_approval(new, old.approved_at);
  END IF;
  IF new.state IN ('in_review', 'approved', 'issued') THEN
    PERFORM proformas_check_complete(new);
  END IF;
  IF new.state IN ('approved', 'issued') THEN
    PERFORM proformas_check_billed_once(new);
  END IF;
  IF new.state IN ('approved', 'issued') <> (new.header IS NOT NULL) THEN
    PERFORM proformas_refuse('what is printed is frozen by the approval, and free again when it is sent back', '');
  END IF;
  IF new.state = 'issued' THEN
    PERFORM proformas_check_issue(old, new);
  END IF;
END $$;

CREATE FUNCTION proformas_check_issue(old proformas_proforma, new proformas_proforma) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF length(new.content_sha256) <> 64 OR new.issued_at IS NULL OR new.issued_by <> audit_actor() THEN
    PERFORM proformas_refuse('an issued proforma carries its content hash, its time and who issued it', '');
  END IF;
  IF new.header - 'issued_on' IS DISTINCT FROM old.header - 'issued_on' THEN
    PERFORM proformas_refuse('what is printed is not what was approved', 'Send it back first.');
  END IF;
  IF NOT EXISTS (SELECT FROM proformas_numbercounter c
                 WHERE new.number = proformas_number(c.series, c.year, c.last)) THEN
    PERFORM proformas_refuse('number ' || coalesce(new.number, '?') || ' is not the one that its counter gave', '');
  END IF;
END $$;

CREATE FUNCTION proformas_guard_insert(p proformas_proforma) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
  IF p.state <> 'draft' OR p.number IS NOT NULL OR p.header IS NOT NULL OR p.approved_at IS NOT NULL
     OR p.issued_at IS NOT NULL OR p.submitted_by || p.approved_by || p.issued_by || p.content_sha256 <> '' THEN
    PERFORM proformas_refuse('a proforma begins as a draft that nobody submitted, approved or issued', '');
  END IF;
END $$;

CREATE FUNCTION proformas_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  allowed text[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM proformas_guard_insert(NEW);
    RETURN NEW;
  END IF;
  IF OLD.state = 'issued' THEN
    PERFORM proformas_refuse('proforma ' || OLD.number || ' is issued: ' || TG_OP || ' refused',
                             'A revision supersedes it, a later period corrects it.');
  END IF;
  IF TG_OP = 'DELETE' THEN
    PERFORM proformas_refuse('a proforma is never deleted', '');
  END IF;
  allowed := coalesce(proformas_may_change(OLD.state, NEW.state), '{}');
  IF NEW.state <> OLD.state AND allowed = '{}' THEN
    PERFORM proformas_refuse('a proforma cannot go from ' || OLD.state || ' to ' || NEW.state, '');
  END IF;
  IF to_jsonb(NEW) - allowed IS DISTINCT FROM to_jsonb(OLD) - allowed THEN
    PERFORM proformas_refuse(CASE WHEN OLD.state = 'approved' THEN 'what is approved cannot be changed'
      ELSE format('this step, %s to %s, changes more than it may', OLD.state, NEW.state) END, 'Send it back first.');
  END IF;
  IF NEW.state <> OLD.state THEN
    PERFORM proformas_check_step(OLD, NEW);
    IF NEW.state = 'approved' THEN
      NEW.approved_at := clock_timestamp();  -- edits before it count as approved, so nobody else may set it
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON proformas_proforma
  FOR EACH ROW EXECUTE FUNCTION proformas_guard();
"""
MOVES_DROP = """
DROP TRIGGER guard ON proformas_proforma; DROP FUNCTION proformas_guard();
DROP FUNCTION proformas_guard_insert(proformas_proforma);
DROP FUNCTION proformas_check_step(proformas_proforma, proformas_proforma);
DROP FUNCTION proformas_check_issue(proformas_proforma, proformas_proforma);
DROP FUNCTION proformas_check_billed_once(proformas_proforma);
DROP FUNCTION proformas_may_change(text, text);
DROP FUNCTION proformas_number(text, integer, integer);
DROP FUNCTION proformas_check_complete(proformas_proforma);
DROP FUNCTION proformas_check_approval(proformas_proforma, timestamptz); DROP FUNCTION proformas_refuse(text, text);
"""

# A counter goes up by one, and by the end of the transaction its number stands on an issued proforma: no gaps.
NUMBERS = """
CREATE FUNCTION proformas_guard_counter() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION proformas_number_used() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM proformas_proforma p WHERE p.state = 'issued'
                 AND p.number = proformas_number(NEW.series, NEW.year, NEW.last)) THEN
    PERFORM proformas_refuse('number ' || proformas_number(NEW.series, NEW.year, NEW.last) || ' was taken and not used', '');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER used AFTER UPDATE ON proformas_numbercounter DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION proformas_number_used();

CREATE FUNCTION proformas_decided_now() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
CREATE FUNCTION proformas_guard_parts() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION proformas_stay() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM proformas_refuse('lines and tickets stay with their proforma', '');
END $$;
CREATE TRIGGER stay BEFORE UPDATE ON proformas_line FOR EACH ROW
  WHEN (OLD.proforma_id <> NEW.proforma_id) EXECUTE FUNCTION proformas_stay();
CREATE TRIGGER stay BEFORE UPDATE ON proformas_boxedticket FOR EACH ROW
  WHEN ((OLD.proforma_id, OLD.snapshot_id, OLD.carried_in) IS DISTINCT FROM
        (NEW.proforma_id, NEW.snapshot_id, NEW.carried_in)) EXECUTE FUNCTION proformas_stay();

CREATE FUNCTION proformas_audit_boxes() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
PARTS_DROP = "DROP TRIGGER stay ON proformas_line; DROP TRIGGER stay ON proformas_boxedticket; DROP FUNCTION proformas_stay(); DROP FUNCTION proformas_audit_boxes(); DROP FUNCTION proformas_guard_parts();"


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
        kept("proformas_monthrun"),
        append_only("proformas_edit"),
        *(no_truncate(f"proformas_{name}") for name in ("proforma", "line", "boxedticket", "numbercounter")),
    ]
