"""Whether the database has tables yet: yes or no into the file `empty` of the unit's runtime directory.

Run by proforma-check@.service with a release's own Python, as the application's role.
"""

import os
from pathlib import Path

import psycopg2

url = Path(os.environ["PROFORMA_DATABASE_URL_FILE"]).read_text().strip()
connection = psycopg2.connect(url, connect_timeout=10)
with connection, connection.cursor() as cursor:
    cursor.execute("SELECT to_regclass('public.django_migrations') IS NULL")
    empty = cursor.fetchone()[0]
connection.close()
Path(os.environ["RUNTIME_DIRECTORY"], "empty").write_text("yes" if empty else "no")
