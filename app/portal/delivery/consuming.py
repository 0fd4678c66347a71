"""The loop around the event queue. A message is called done only when what it asked for is committed: whoever ends this
process, at whatever moment, loses nothing."""

from __future__ import annotations

import logging
import threading

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from portal.delivery.services import event_take
from portal.delivery.tasks import hurry
from portal.domain.errors import PortalError
from portal.lib.queue import Message, Queue, QueueError

log = logging.getLogger(__name__)
LONGEST_PAUSE = 60.0


def consume(queue: Queue, stop: threading.Event, *, until_empty: bool = False) -> int:
    """Take messages until `stop` is set, or until none came; how many were acted on.

    While database or queue are away nothing is taken, so that no message is counted as received without being read.
    """
    done = troubles = 0
    while not stop.is_set():
        messages = _received(queue)
        if messages is None:
            troubles += 1
            stop.wait(min(LONGEST_PAUSE, 2.0**troubles))
            continue
        troubles = 0
        done += sum(_take_or_return(queue, message, stop) for message in messages)
        if until_empty and not messages:
            break
    return done


def _received(queue: Queue) -> list[Message] | None:
    """None when database or queue do not answer, which is logged."""
    try:
        if not connection.in_atomic_block:
            close_old_connections()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return queue.receive()
    except (DatabaseError, InterfaceError) as error:
        log.error("events: the database does not answer (%s); messages wait in the queue", type(error).__name__)
    except QueueError as error:
        log.error("events: %s", error.problem)
    return None


def _take_or_return(queue: Queue, message: Message, stop: threading.Event) -> bool:
    """False when it was not acted on; then it comes again."""
    try:
        if stop.is_set():
            queue.later(message, 0)
            return False
        return _take(queue, message)
    except QueueError as error:  # the queue hands it out again by itself
        log.warning("events: message %s: %s", message.id, error.problem)
        return False


def _take(queue: Queue, message: Message) -> bool:
    try:
        taken = event_take(message.content())
    except PortalError as error:
        log.error("events: message %s, receive %d: %s", message.id, message.receives, error.problem)
        queue.later(message, 0 if error.permanent else _pause(message))
        return False
    except Exception as error:  # noqa: BLE001 - one message must not end the loop
        log.error("events: message %s, receive %d: unexpected %s", message.id, message.receives, type(error).__name__)
        queue.later(message, _pause(message))
        return False
    if taken.work:
        hurry()
    queue.done(message)
    log.info("events: message %s: %s", message.id, taken.what)
    return True


def _pause(message: Message) -> float:
    """Twice as long each time; what never succeeds ends in the dead-letter queue."""
    return float(settings.RETRY_SECONDS) * 2.0 ** min(message.receives - 1, 10)
