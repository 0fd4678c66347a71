"""Writes of the outbox: send, ask, take what comes back, and drive what is due."""

from portal.delivery.services.acknowledging import acknowledgement_receive
from portal.delivery.services.events import EventError, Taken, event_take
from portal.delivery.services.outbox import deliveries_ensure, delivery_run
from portal.delivery.services.people import delivery_ask, delivery_retry, delivery_settle
from portal.delivery.services.sweeping import due_work_run

__all__ = [
    "EventError",
    "Taken",
    "acknowledgement_receive",
    "deliveries_ensure",
    "delivery_ask",
    "delivery_retry",
    "delivery_run",
    "delivery_settle",
    "due_work_run",
    "event_take",
]
