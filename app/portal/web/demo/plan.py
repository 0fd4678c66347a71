"""What the supervisor (scripts/demo.py) hands to the rehearsal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    full_name: str
    roles: tuple[str, ...]
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """`credentials` are references by door: servicenow, sap, acknowledgement. `out` receives documents and summary."""

    period: Period
    timezone: str
    out: Path
    sandbox_url: str
    credentials: Mapping[str, str]
    people: tuple[Person, ...]
    stays: bool
    """the portal is up after the month, so that people can go on in it"""
    ignored_findings: tuple[str, ...]
    """what was wrong in the customer's file and may keep tickets out of the month; a person said to go on"""

    @classmethod
    def read(cls, path: Path) -> Plan:
        """From the JSON file that the supervisor wrote: it holds passwords, so they stand on no command line."""
        data = json.loads(path.read_text())
        return cls(
            period=Period.parse(data["period"]),
            timezone=data["timezone"],
            out=Path(data["out"]),
            sandbox_url=data["sandbox_url"],
            credentials=data["credentials"],
            people=tuple(Person(**{**person, "roles": tuple(person["roles"])}) for person in data["people"]),
            stays=data["stays"],
            ignored_findings=tuple(data["ignored_findings"]),
        )

    def who(self, role: str) -> str:
        """The user name of the first person with that role."""
        return next(person.username for person in self.people if role in person.roles)
