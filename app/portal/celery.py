"""The Celery application: `celery -A portal.celery worker`."""

import os
from pathlib import Path

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: [name for name in settings.INSTALLED_APPS if name.startswith("portal.")])

for folder in getattr(settings, "CELERY_BROKER_TRANSPORT_OPTIONS", {}).values():
    Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
