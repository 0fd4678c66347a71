"""ServiceNow as a Source. The keys of `access.settings` are in settings.py, those of the credential in auth.py."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

from portal.domain.errors import SourceError
from portal.domain.periods import Window
from portal.domain.sources import Page, SourceAccess
from portal.domain.tickets import Ticket
from portal.sources.servicenow.api import TableApi
from portal.sources.servicenow.parse import row_parser
from portal.sources.servicenow.queries import keys_query, selections
from portal.sources.servicenow.reading import Reading
from portal.sources.servicenow.settings import TableSettings, settings_of

KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")
KEYS_A_REQUEST = 100
"""33 characters each, well below the 8 kB that servers take as an address"""
ME = "javascript:gs.getUserName()"
"""for grants that name no user: the instance itself puts in who is asking"""
ROWS_TO_TRY = 20


def open_source(access: SourceAccess) -> ServiceNow:
    """Raises SourceError for settings, a credential or an address that cannot be used. Sends nothing yet."""
    return ServiceNow(access)


class ServiceNow:
    """One instance, read by one account."""

    def __init__(self, access: SourceAccess) -> None:
        self._settings = settings_of(access.settings)
        self._api = TableApi(access, self._settings)
        self._username = access.credential.get("username")
        self._parsers = {t.name: row_parser(t.name, t.fields, access.pseudonym) for t in self._settings.tables}

    def probe(self) -> None:
        """Ask who we are, and whether each table shows anything at all."""
        self._find_ourselves()
        for table in self._settings.tables:
            rows, count = self._api.rows(table.name, "ORDERBYsys_id", ("sys_id",), ROWS_TO_TRY)
            if count and not rows:
                raise SourceError(
                    f"The table has {count} rows, but none of the first {ROWS_TO_TRY} is shown to our account.",
                    where=f"ServiceNow, table {table.name}",
                    remedy="Have the account read every ticket (role or access rule).",
                )

    def _find_ourselves(self) -> None:
        query = f"user_name={self._username.replace('^', '^^') or ME}"
        rows, _ = self._api.rows("sys_user", query, ("sys_id", "user_name"), 2)
        found = [str(row.get("user_name", "")) for row in rows]
        expected = self._username.casefold()
        if len(found) != 1 or not found[0] or (expected and found[0].casefold() != expected):
            raise SourceError(
                f"ServiceNow does not know who is asking: {len(found)} users instead of our own came back.",
                where="ServiceNow, table sys_user",
                remedy="The credential may be wrong although it was not refused, or the account may not read its own "
                "user record: check both.",
            )

    def total(self, window: Window) -> int:
        return sum(self._api.count(s.table.name, s.query()) for s in selections(self._settings, window))

    def read(self, window: Window) -> Iterator[Page]:
        """An empty window is believed only to an account that the source knows."""
        reading = Reading(self._api, self._settings, self._parsers, selections(self._settings, window))
        yield from reading.pages()
        if not any(tally.came for tally in reading.tallies):
            self.probe()

    def read_keys(self, keys: Sequence[str]) -> tuple[Ticket, ...]:
        if strange := [key for key in keys if not KEY.fullmatch(key)]:
            raise SourceError(f"{len(strange)} keys are no sys_ids.", where="ServiceNow", remedy="Collect again.")
        wanted = list(dict.fromkeys(keys))
        batches = [wanted[i : i + KEYS_A_REQUEST] for i in range(0, len(wanted), KEYS_A_REQUEST)]
        pairs = itertools.product(self._settings.tables, batches)
        return tuple(ticket for table, batch in pairs for ticket in self._batch(table, batch))

    def _batch(self, table: TableSettings, keys: Sequence[str]) -> list[Ticket]:
        fields = [name for name in dict.fromkeys(table.fields.values()) if name]
        rows, count = self._api.rows(table.name, keys_query(keys), fields, len(keys))
        tickets = self._parsers[table.name](rows)
        strangers = sum(ticket.source_key not in keys for ticket in tickets)
        if strangers or count != len(tickets):
            raise SourceError(
                f"Of {len(keys)} tickets asked for by key the source counts {count} and gave {len(tickets)}, "
                f"{strangers} of them not asked for.",
                where=f"ServiceNow, table {table.name}",
                remedy="Have the account read every ticket (access rules, domains, query rules).",
            )
        return tickets
