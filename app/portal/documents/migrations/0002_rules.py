"""Documents never change."""

from django.db import migrations

from portal.audit.database import WORK_UNIT_PROGRESS, append_only, audited, kept


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial"), ("audit", "0001_initial")]
    operations = [
        append_only("documents_document"),
        kept("documents_rendering"),
        audited("documents_document", parent="proformas_proforma:proforma_id", actor="worker"),
        audited(
            "documents_rendering", ignore=WORK_UNIT_PROGRESS, parent="proformas_proforma:proforma_id", actor="worker"
        ),
    ]
