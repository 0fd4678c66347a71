"""A ServiceNow that costs nothing to ask: pages of many tickets, encoded before, each answered after a fixed wait.

Run as a process of its own (`python tests/bench/replay_server.py ROWS LATENCY_MS`); it prints its port and ends with
its standard input. It honours windows, keyset, limit and count as the client asks for them, so that a client which asks
wrongly gets wrong answers.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5
from urllib.parse import parse_qs, urlsplit

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=31)
WINDOW = re.compile(r"(resolved_at|closed_at)>=([^^]+)\^\1<([^^]+)")
AFTER = re.compile(r"sys_id>([0-9a-f]+)")
SUBJECTS = (
    "Printer on floor 3 does not print",
    "VPN drops every hour",
    "Neues Notebook für Kollegin in Köln",
    "Password",
)


def make(table: str, count: int, *, resolved: bool) -> list[tuple[str, str, bytes]]:
    """(date of counting, sys_id, encoded row), sorted by date."""
    step = MONTH / count
    rows = []
    for index in range(count):
        at = START + step * index
        key = md5(f"{table}{resolved}{index}".encode(), usedforsecurity=False).hexdigest()
        row = {
            "sys_id": key,
            "number": f"{table[:3].upper()}{resolved:d}{index:07d}",
            "priority": str(index % 5 + 1),
            "state": "7" if table == "incident" else "3",
            "opened_at": str(at - timedelta(hours=index % 200))[:19],
            "closed_at": str(at + timedelta(days=5) if resolved else at)[:19],
            "sys_updated_on": str(at + timedelta(days=5))[:19],
            "short_description": f"{SUBJECTS[index % 4]}, ticket {index}",
            "assignment_group.name": f"Service Desk {index % 20}",
        }
        caller = md5(str(index % 3000).encode(), usedforsecurity=False).hexdigest()
        own = {"resolved_at": str(at)[:19] if resolved else "", "caller_id": caller}
        row |= own if table == "incident" else {"request.requested_for": caller}
        rows.append((str(at)[:19], key, json.dumps(row, ensure_ascii=False).encode()))
    return rows


class Replay:
    """The rows, and every page that was ever asked for, encoded."""

    def __init__(self, rows: int) -> None:
        self.stock = {
            ("incident", "resolved_at"): make("incident", rows * 69 // 100, resolved=True),
            ("incident", "closed_at"): make("incident", rows // 100, resolved=False),
            ("sc_req_item", "closed_at"): make("sc_req_item", rows - rows * 69 // 100 - rows // 100, resolved=False),
        }
        self.page = cache(self._page)
        self._slice = cache(self._sliced)

    def _sliced(self, table: str, date: str, start: str, end: str) -> list[tuple[str, bytes]]:
        rows = self.stock[table, date]
        first, last = (bisect_left(rows, (edge,)) for edge in (start, end))
        return sorted((key, encoded) for _, key, encoded in rows[first:last])

    def _page(self, target: str) -> bytes:
        """The whole HTTP answer to a request's target."""
        parts = urlsplit(target)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        query = asked["sysparm_query"]
        if (window := WINDOW.search(query)) is None:
            return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
        rows = self._slice(parts.path.rpartition("/")[2], *window.groups())
        after = AFTER.search(query)
        begin = bisect_right(rows, after[1], key=lambda row: row[0]) if after else 0
        begin += int(asked.get("sysparm_offset", 0))
        page = b'{"result":[%s]}' % b",".join(row for _, row in rows[begin : begin + int(asked["sysparm_limit"])])
        head = f"Content-Type: application/json\r\nX-Total-Count: {len(rows) - begin}\r\nContent-Length: {len(page)}"
        return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + page


async def serve(rows: int, latency: float) -> None:
    replay = Replay(rows)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ", 2)[1].decode()
            await asyncio.sleep(latency)
            writer.write(replay.page(target))
            await writer.drain()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]) / 1000))
