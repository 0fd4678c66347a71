"""Credentials that administrators set: every setting is recorded, its content never."""

import django.core.validators
from django.db import migrations, models

from portal.audit.database import audited, no_truncate


class Migration(migrations.Migration):
    dependencies = [("contracts", "0002_rules")]
    operations = [
        migrations.CreateModel(
            name="SealedCredential",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reference",
                    models.CharField(
                        max_length=120,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9-]+(/[a-z0-9-]+)+$", "A path such as customers/acme/source."
                            )
                        ],
                    ),
                ),
                ("sealed", models.TextField()),
                ("key_id", models.CharField(max_length=16)),
                ("fingerprint", models.CharField(max_length=16)),
                ("set_by", models.CharField(max_length=150)),
                ("set_at", models.DateTimeField()),
            ],
            options={"ordering": ["reference"]},
        ),
        audited("contracts_sealedcredential", secret=["sealed"]),
        no_truncate("contracts_sealedcredential"),
    ]
