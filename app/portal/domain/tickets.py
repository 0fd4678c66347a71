"""What a ticket is, whatever system it came from, and how a customer's words map to ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

PRIORITIES = ("1", "2", "3", "4", "5")
ANY_PRIORITY = "*"


class Kind(StrEnum):
    """The kinds that a contract prices."""

    INCIDENT = "incident"
    SERVICE_REQUEST = "service_request"


class Outcome(StrEnum):
    """What the customer's state says of the work."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as its source stated it at one moment; values stay in the source's own words.

    `kind`, `priority` and `state` are raw (a Vocabulary maps them later, so that a new mapping needs no new reading).
    Instants are aware and in UTC; None means that the source gave none. `caller` is a keyed pseudonym, never a name.
    `problems` names fields whose value could not be read, for example "resolved_at: '2026-02-30' is no date".
    """

    source_key: str
    number: str
    kind: str
    priority: str
    state: str
    opened_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    updated_at: datetime | None = None
    summary: str = ""
    caller: str = ""
    group: str = ""
    problems: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Hex digest of the canonical JSON of every field; equal for equal content, whenever it was read."""
        fields = (
            self.source_key,
            self.number,
            self.kind,
            self.priority,
            self.state,
            _instant(self.opened_at),
            _instant(self.resolved_at),
            _instant(self.closed_at),
            _instant(self.updated_at),
            self.summary,
            self.caller,
            self.group,
            self.problems,
        )
        return hashlib.sha256(_canonical(fields).encode()).hexdigest()


_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _instant(value: datetime | None) -> str | None:
    return value.isoformat() if value is not None else None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A customer's raw values -> ours. A value that is not listed is unknown, and unknown blocks composing."""

    kinds: Mapping[str, Kind] = field(default_factory=lambda: MappingProxyType({}))
    priorities: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    states: Mapping[str, Mapping[str, Outcome]] = field(default_factory=lambda: MappingProxyType({}))

    def kind(self, ticket: Ticket) -> Kind | None:
        return self.kinds.get(ticket.kind)

    def priority(self, ticket: Ticket) -> str | None:
        return self.priorities.get(ticket.priority)

    def outcome(self, ticket: Ticket) -> Outcome | None:
        return self.states.get(ticket.kind, {}).get(ticket.state)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Vocabulary:
        """From `{"kinds": {raw: kind}, "priorities": {raw: "1".."5"}, "states": {raw kind: {raw: outcome}}}`.

        Raises ValueError when a target value is none of ours.
        """
        priorities = {str(raw): str(ours) for raw, ours in data.get("priorities", {}).items()}
        if strange := sorted(set(priorities.values()) - set(PRIORITIES)):
            raise ValueError(f"priorities map to {strange}; allowed are {list(PRIORITIES)}")
        states = data.get("states", {})
        return cls(
            kinds={str(raw): Kind(ours) for raw, ours in data.get("kinds", {}).items()},
            priorities=priorities,
            states={k: {str(raw): Outcome(ours) for raw, ours in table.items()} for k, table in states.items()},
        )


def counted_at(ticket: Ticket, kind: Kind) -> datetime | None:
    """The instant by which a ticket belongs to a month: incidents by resolved_at, service requests by closed_at."""
    return ticket.resolved_at if kind is Kind.INCIDENT else ticket.closed_at
