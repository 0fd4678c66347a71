"""The one thing that the web itself writes: which forms were carried out, so that sending one twice is harmless."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction

from portal.lib import clock
from portal.web.models import Submission

KEPT = timedelta(days=2)


class AlreadyDoneError(Exception):
    """This form was sent before, and carried out."""


def submission_claim(token: str) -> None:
    """Take a form's token, in the caller's transaction. A second sending waits for the first one's end.

    Raises AlreadyDoneError. A form without a token is carried out each time.
    """
    try:
        key = uuid.UUID(token)
    except ValueError:
        return
    try:
        with transaction.atomic():
            Submission.objects.create(token=key)
    except IntegrityError:
        raise AlreadyDoneError from None
    Submission.objects.filter(at__lt=clock.now() - KEPT).delete()
