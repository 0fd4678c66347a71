-- As in production: an owner of the tables, an application's role that owns nothing, and one that only reads, for backups.
CREATE ROLE proforma_owner LOGIN PASSWORD :'owner';
CREATE ROLE proforma_app LOGIN PASSWORD :'app';
CREATE ROLE proforma_backup LOGIN PASSWORD :'backup' IN ROLE pg_read_all_data;
CREATE DATABASE proforma OWNER proforma_owner;
