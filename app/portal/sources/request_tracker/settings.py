"""What a customer's source row says of their Request Tracker. The README has the table for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.domain.errors import SourceError

MOST_PER_PAGE = 100
"""RT hands out no more and does not say so"""
MOST_PARALLEL = 8
_CUSTOM = re.compile(r"CF\.(?:\{([^{}'\"\\]+)\}|([^{}'\"\\]+))")
_REMEDY = "Correct the settings of this customer's source."


@dataclass(frozen=True, slots=True)
class Settings:
    """Fields are named as RT names them, custom fields as `CF.<name>`."""

    queues: tuple[str, ...]
    """names or ids; only their tickets are read"""
    kind_field: str = "Queue"
    priority_field: str = "Priority"
    number_field: str = "id"
    """`id` gives RT-<id>"""
    group_field: str = "Queue"
    opened_field: str = "Created"
    closed_field: str = ""
    """a custom field of type "date and time" that holds when a ticket without RT's Resolved was closed"""
    may_be_empty: tuple[str, ...] = ()
    """queues in which it is in order to see no ticket at all"""
    parallel: int = 4
    page_size: int = MOST_PER_PAGE

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Settings:
        """From the source row. Raises SourceError (permanent) for what is missing, unknown or cannot be."""
        if unknown := sorted(set(data) - set(cls.__slots__)):
            raise _refused(f"There is no setting '{unknown[0]}'", unknown[0])
        given: dict[str, Any] = {"queues": ()}
        given |= {name: tuple(map(str, v)) if isinstance(v, list | tuple) else v for name, v in data.items()}
        settings = cls(**given)
        settings._check()
        return settings

    @property
    def custom_fields(self) -> frozenset[str]:
        """Names of the custom fields that the settings speak of."""
        return frozenset(name for field in self._fields() if (name := custom_name(field)))

    def _fields(self) -> tuple[str, ...]:
        names = (self.kind_field, self.priority_field, self.number_field, self.group_field)
        return (*names, self.opened_field, self.closed_field)

    def _check(self) -> None:
        for name in ("queues", "may_be_empty"):
            if not isinstance(getattr(self, name), tuple):
                raise _refused("This must be a list of queues", name)
        if not self.queues:
            raise _refused("No queue is named", "queues")
        for name, allowed in _STANDARD.items():
            value = getattr(self, name)
            if value not in allowed and not custom_name(value):
                raise _refused(f"'{value}' can be {' or '.join(filter(None, allowed))} or CF.<name>", name)
        for name, most in (("parallel", MOST_PARALLEL), ("page_size", MOST_PER_PAGE)):
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= most:
                raise _refused(f"'{value}' is not a whole number from 1 to {most}", name)


_STANDARD: Mapping[str, tuple[str, ...]] = {
    "kind_field": ("Queue",),
    "priority_field": ("Priority",),
    "number_field": ("id",),
    "group_field": ("Queue",),
    "opened_field": ("Created", "Starts", "Started"),
    "closed_field": ("",),
}


def custom_name(field: Any) -> str:
    """`CF.Closed` and `CF.{Closed}` -> `Closed`; "" for anything else."""
    match = _CUSTOM.fullmatch(field) if isinstance(field, str) else None
    return (match[1] or match[2]) if match else ""


def _refused(what: str, name: str) -> SourceError:
    return SourceError(f"{what}.", where=f"setting {name}", remedy=_REMEDY, code="source.settings")
