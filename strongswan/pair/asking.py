"""What others ask of the pair's daemon: its state, by the file that it writes, and orders, by its socket."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

FRESH = 10.0


def read(path: Path) -> dict[str, Any] | None:
    """The state as strongswan/pair/README.md describes it; None when the daemon has not written it for 10 s."""
    try:
        state: dict[str, Any] = json.loads(path.read_text())
        return state if time.time() - state["at"] < FRESH else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ask(state_file: Path, request: dict[str, Any]) -> dict[str, Any]:
    """{"problem": "" or why not, "role"}. Raises OSError or ValueError when the daemon does not answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(3.0)
        connection.connect(str(state_file.with_suffix(".sock")))
        connection.sendall(json.dumps(request).encode())
        answer: dict[str, Any] = json.loads(connection.recv(4096))
        return answer
