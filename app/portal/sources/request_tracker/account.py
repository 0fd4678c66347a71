"""Who we are to RT and what we may see. A credential that is wrong here would give an empty or a shifted month."""

from __future__ import annotations

from typing import Any

from portal.domain.errors import SourceError
from portal.sources.request_tracker import parse
from portal.sources.request_tracker.api import Rest
from portal.sources.request_tracker.settings import Settings, custom_name


def verified_queues(rest: Rest, settings: Settings, token: str) -> tuple[int, ...]:
    """Ids of the queues to read, once account, time zone, rights and custom fields are as they must be.

    Raises SourceError.
    """
    check_zone(_whoami(rest, token))
    queues = [_queue(rest, name) for name in settings.queues]
    for queue in queues:
        _check_custom_fields(rest, queue, settings)
        _check_not_blind(rest, queue, settings)
    return tuple(int(queue["id"]) for queue in queues)


def check_zone(user: dict[str, Any]) -> None:
    """RT reads dates in a query in the account's zone, and without one in the server's, which nobody can ask for.

    Raises SourceError (permanent).
    """
    zone, name = user.get("Timezone"), user.get("Name", "")
    if parse.is_utc(zone):
        return
    state = f"has the time zone '{zone}'" if zone else "has no time zone of its own"
    raise SourceError(
        f"The account {state}, so that RT would shift the edges of the month.",
        where=f"account {name} in Request Tracker",
        remedy="Set the account's time zone to UTC (its preferences, or Admin > Users), then try again.",
        code="source.account_zone",
    )


def _whoami(rest: Rest, token: str) -> dict[str, Any]:
    number = parse.account_id(token)
    if number is None:
        raise SourceError(
            "The credential is no token of Request Tracker 5.",
            where="credential field token",
            remedy="Make one in RT (Logged in as > Settings > Auth Tokens); it reads 1-<number>-<letters and digits>.",
            code="source.credential",
        )
    return rest.document(f"user/{number}")


def _queue(rest: Rest, name: str) -> dict[str, Any]:
    found = rest.find_document("queue", name)
    if found is None:
        raise SourceError(
            f"The account cannot see the queue '{name}', or there is none.",
            where="setting queues",
            remedy="Correct the name, or give the account SeeQueue, ShowTicket and SeeCustomField on it.",
            code="source.rights",
        )
    return found


def _check_custom_fields(rest: Rest, queue: dict[str, Any], settings: Settings) -> None:
    """RT leaves out what the account may not see and finds nothing by it, without a word."""
    seen = {str(field.get("name")): field for field in queue.get("TicketCustomFields") or []}
    if missing := sorted(settings.custom_fields - set(seen)):
        raise SourceError(
            f"The account cannot see the custom field '{missing[0]}', or the queue has none of this name.",
            where=f"queue {queue.get('Name')}",
            remedy="Correct the settings, or give the account SeeCustomField on the queue.",
            code="source.rights",
        )
    if name := custom_name(settings.closed_field):
        _check_is_date_and_time(rest, seen[name])


def _check_is_date_and_time(rest: Rest, field: dict[str, Any]) -> None:
    """Where RT tells: it takes SeeCustomField globally. Else dates without a zone block at their tickets."""
    found = rest.find_document("customfield", str(field["id"]))
    kind = found.get("Type") if found else "DateTime"
    if kind != "DateTime":
        raise SourceError(
            f"The custom field '{field.get('name')}' is of type {kind}, which cannot be compared with a window.",
            where="setting closed_field",
            remedy="Name a custom field of the type 'Enter one date and time'.",
            code="source.settings",
        )


def _check_not_blind(rest: Rest, queue: dict[str, Any], settings: Settings) -> None:
    """Without ShowTicket, RT answers 200 with zero tickets: a whole month would look as if nothing had happened."""
    if {str(queue["id"]), str(queue.get("Name"))} & set(settings.may_be_empty):
        return
    if rest.count(f"Queue = {int(queue['id'])}") == 0:
        raise SourceError(
            "The account sees not one ticket, of whatever age and state.",
            where=f"queue {queue.get('Name')}",
            remedy="Give the account ShowTicket on the queue. If the queue is new and really empty, add it to the "
            "setting may_be_empty.",
            code="source.rights",
        )
