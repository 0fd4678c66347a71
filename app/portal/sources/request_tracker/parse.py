"""From what RT answers to tickets. Pure: nothing is asked, nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from portal.domain.periods import Window
from portal.domain.tickets import Ticket
from portal.sources.request_tracker.settings import Settings, custom_name

_STATES = {
    "new": "open",
    "open": "open",
    "stalled": "open",
    "resolved": "completed",
    "rejected": "cancelled",
    "deleted": "cancelled",
}
_KINDS = {"Incidents": "incident", "Service Requests": "service_request"}

DEFAULT_VOCABULARY: dict[str, Any] = {
    "kinds": _KINDS,
    "priorities": {raw: level for level in "12345" for raw in (level, f"P{level}")},
    "states": dict.fromkeys(_KINDS, _STATES),
}
"""For Vocabulary.from_json. RT's own priorities (0 to 100) are left out on purpose: 0 is also "nobody set one", and
what 50 stands for is for the contract to say."""

UTC_NAMES = frozenset({"UTC", "ETC/UTC", "UCT", "ETC/UCT", "ZULU", "ETC/ZULU", "GMT", "ETC/GMT"})
UNSET = datetime(1970, 1, 1, tzinfo=UTC)
"""how RT writes "no date" """


def asked_fields(settings: Settings) -> dict[str, str]:
    """Request parameters for exactly the fields that a ticket is made of; RT gives only ids without them."""
    fields = ["Subject", "Status", "Queue", "Resolved", "LastUpdated", "Requestor"]
    fields += [f for f in (settings.opened_field, settings.priority_field) if not custom_name(f)]
    if settings.custom_fields:
        fields.append("CustomFields")
    return {"fields": ",".join(fields), "fields[Queue]": "Name"}


def ticket(item: Mapping[str, Any], settings: Settings, pseudonym: Callable[[str], str]) -> Ticket:
    """One entry of a collection. RT has one date of closing, so it stands for resolved and for closed."""
    problems: list[str] = []
    resolved = _instant(item.get("Resolved"), "resolved_at", problems)
    closed = _instant(_value(item, settings.closed_field), "closed_at", problems) if settings.closed_field else None
    return Ticket(
        source_key=str(item["id"]),
        number=_number(item, settings.number_field),
        kind=_value(item, settings.kind_field),
        priority=_value(item, settings.priority_field),
        state=str(item.get("Status") or ""),
        opened_at=_instant(_value(item, settings.opened_field), "opened_at", problems),
        resolved_at=resolved,
        closed_at=resolved or closed,
        updated_at=_instant(item.get("LastUpdated"), "updated_at", problems),
        summary=str(item.get("Subject") or ""),
        caller=pseudonym(_requestor(item)),
        group=_value(item, settings.group_field),
        problems=tuple(problems),
    )


def belongs(found: Ticket, window: Window) -> bool:
    """Whether the returned dates lie in the window; what could not be read stays, so that a person sees it."""
    return bool(found.problems) or (found.resolved_at or found.closed_at or found.updated_at) in window


def is_utc(zone: Any) -> bool:
    return str(zone or "").upper() in UTC_NAMES


def account_id(token: str) -> int | None:
    """RT writes its tokens as 1-<id of the user>-<secret>; None for anything else."""
    version, _, rest = token.partition("-")
    user, _, secret = rest.partition("-")
    return int(user) if version == "1" and user.isascii() and user.isdigit() and secret else None


def _number(item: Mapping[str, Any], field: str) -> str:
    given = "" if field == "id" else _value(item, field)
    return given or f"RT-{item['id']}"


def _value(item: Mapping[str, Any], field: str) -> str:
    """A standard field's text or name, or a custom field's values; several are joined, so that they map to nothing."""
    if name := custom_name(field):
        custom = item.get("CustomFields") or []
        return ", ".join(str(v) for entry in custom if entry.get("name") == name for v in entry.get("values", []))
    value = item.get(field)
    if isinstance(value, Mapping):
        return str(value.get("Name") or f"{field} {value.get('id', '')}")
    return "" if value is None else str(value)


def _requestor(item: Mapping[str, Any]) -> str:
    people = item.get("Requestor") or []
    return str(people[0].get("id") or "") if people else ""


def _instant(value: Any, name: str, problems: list[str]) -> datetime | None:
    if value in (None, ""):
        return None
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        problems.append(f"{name}: '{str(value)[:40]}' is no date")
        return None
    if instant.tzinfo is None:
        problems.append(f"{name}: '{value}' does not say in which time zone")
        return None
    return None if instant == UNSET else instant.astimezone(UTC)
