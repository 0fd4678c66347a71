"""The Celery application: `celery -A portal.celery worker`."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_ready, worker_shutting_down
from django.conf import settings

from portal.lib import supervisor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(lambda: [name for name in settings.INSTALLED_APPS if name.startswith("portal.")])

if settings.CELERY_BROKER_URL.startswith("filesystem"):
    for folder in settings.CELERY_BROKER_TRANSPORT_OPTIONS.values():
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)


@worker_ready.connect
@beat_init.connect
def _ready(**_: Any) -> None:
    supervisor.tell(supervisor.READY)


@worker_shutting_down.connect
def _stopping(**_: Any) -> None:
    supervisor.tell(supervisor.STOPPING)
