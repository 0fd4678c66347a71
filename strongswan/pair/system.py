"""What the daemon asks of the system: a socket for commands, links, its supervisor."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def listening(path: str) -> socket.socket:
    """A socket at `path` that root alone may speak to."""
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108  a socket that a killed daemon left
    door = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        door.bind(path)
    finally:
        os.umask(before)
    door.listen(4)
    return door


def up(link: str) -> bool:
    """Whether a link has a carrier; no link has none."""
    try:
        with open(f"/sys/class/net/{link}/carrier") as file:  # noqa: PTH123
            return file.read().strip() == "1"
    except OSError:
        return False


def notify(message: str) -> None:
    """sd_notify(3)."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.sendto(message.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)
