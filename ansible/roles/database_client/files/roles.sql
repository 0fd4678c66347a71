-- The three roles, and who owns the database; as often as one likes. For psql, as PostgreSQL's administrator: a superuser, or the master of RDS, who
-- is none. Variables owner, app, backup: their passwords, or better what PostgreSQL keeps of one (SCRAM-SHA-256$...), for a server may log
-- this. None may do more than it needs: the owner owns the database, so that a restore may empty it; app owns nothing; backup writes nothing.
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['proforma_owner', 'proforma_app', 'proforma_backup']) AS name
  WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE proforma_owner LOGIN PASSWORD :'owner';
ALTER ROLE proforma_app LOGIN PASSWORD :'app';
ALTER ROLE proforma_backup LOGIN PASSWORD :'backup';

-- Only a member may make it an owner, where the administrator is no superuser.
SELECT format('GRANT proforma_owner TO %I', rolname) FROM pg_roles
  WHERE rolname = current_user AND NOT pg_has_role(rolname, 'proforma_owner', 'USAGE') \gexec
SELECT 'CREATE DATABASE proforma OWNER proforma_owner'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'proforma') \gexec
ALTER DATABASE proforma OWNER TO proforma_owner;
SELECT 'GRANT pg_read_all_data TO proforma_backup' WHERE NOT pg_has_role('proforma_backup', 'pg_read_all_data', 'USAGE') \gexec

DO $$
DECLARE mighty text;
BEGIN
  SELECT string_agg(one.rolname, ', ') INTO mighty FROM pg_roles one
    WHERE one.rolname IN ('proforma_owner', 'proforma_app', 'proforma_backup') AND (
      one.rolsuper OR one.rolcreaterole OR one.rolcreatedb OR one.rolreplication OR one.rolbypassrls OR EXISTS (
        SELECT FROM pg_auth_members JOIN pg_roles held ON held.oid = roleid
          WHERE member = one.oid AND (one.rolname, held.rolname) <> ('proforma_backup', 'pg_read_all_data')));
  IF mighty IS NOT NULL THEN
    RAISE EXCEPTION 'These roles may more than they need: %', mighty
      USING HINT = 'See \du, take it from them (ALTER ROLE, REVOKE), and run this again.';
  END IF;
END
$$;
