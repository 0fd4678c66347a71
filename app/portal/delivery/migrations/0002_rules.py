"""Attempts and acknowledgements never change; the outbox is recorded."""

from django.db import migrations

from portal.audit.database import WORK_UNIT_PROGRESS, append_only, audited, kept


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial"), ("audit", "0001_initial")]
    operations = [
        append_only("delivery_deliveryattempt"),
        append_only("delivery_acknowledgement"),
        audited(
            "delivery_delivery", ignore=WORK_UNIT_PROGRESS, parent="proformas_proforma:proforma_id", actor="worker"
        ),
        audited("delivery_acknowledgement", ignore=["raw"], actor="worker"),
        kept("delivery_delivery"),
    ]
