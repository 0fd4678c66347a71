# PostgreSQL in Aurora's place.
apt-get install -y --no-install-recommends postgresql acl
