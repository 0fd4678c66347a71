"""The seam to service-management platforms: what every package below portal.sources provides.

A source package has `client.py` (HTTP, through portal.lib.http) apart from `parse.py` (pure), and an
`open_source(access: SourceAccess) -> Source` named in portal.adapters.SOURCES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from portal.domain.periods import Window
from portal.domain.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret by its fields, for example username and password. It prints without its values."""

    fields: Mapping[str, str] = field(repr=False)

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """All that a source needs to be opened."""

    base_url: str
    credential: Credential
    settings: Mapping[str, Any]
    """of the customer's source row; each source documents its keys"""
    pseudonym: Callable[[str], str]
    """name or id of a person -> keyed pseudonym; "" -> "" """
    allow_loopback: bool = False
    """True in test mode only"""


@dataclass(frozen=True, slots=True)
class Page:
    """Tickets as they come in. `tickets` are inside the window by their returned values."""

    tickets: tuple[Ticket, ...]
    total: int
    """what the source says the whole window holds, as far as it is known when the page arrives"""


class Source(Protocol):
    """A platform that can be read. Every method raises SourceError; `permanent` says whether trying again can help."""

    def probe(self) -> None:
        """Ask who we are. A wrong credential that answers 200 with nothing is found here."""

    def total(self, window: Window) -> int:
        """How many tickets the source reports for the window (all kinds)."""

    def read(self, window: Window) -> Iterator[Page]:
        """Every ticket of the window, in pages, in any order; slices of the window are read side by side.

        In the window by `resolved_at` for incidents and `closed_at` for service requests; incidents that were closed in
        the window without a resolution date are included. Raises SourceError at the end when what came is not what
        the source counted.
        """

    def read_keys(self, keys: Sequence[str]) -> tuple[Ticket, ...]:
        """The tickets of these source keys as they are now (those that are gone are left out)."""
