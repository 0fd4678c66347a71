"""What every page knows."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def portal(_request: HttpRequest) -> dict[str, object]:
    return {"test_mode": settings.TEST_MODE}
