"""How the address moves: one small interface, one class where addresses move between hosts, one for EC2."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Protocol

from lambdas.vpn_failover.decide import Move

BROADCAST = b"\xff" * 6
WITNESS_GOOD_FOR = 1.6
API_GOOD_FOR = 15.0


class Driver(Protocol):
    """What the daemon needs. Everything may be called twice; `poll` every half second, from a thread of its own.

    decides: somebody else (the Lambda) may move the address too, and `holds` then is the truth.
    """

    decides: bool

    def take(self) -> None:
        """Address and routes to this host. Raises OSError or an error of AWS."""

    def drop(self) -> None:
        """What this host can give up by itself."""

    def announce(self) -> None:
        """Tell neighbours once more."""

    def holds(self) -> bool | None:
        """Whether the address is here; None: not known."""

    def poll(self) -> None:
        """Look at the witness, and at what others may have changed."""

    def witness(self) -> bool:
        """Whether a third party answered just now."""

    def moves(self) -> tuple[Move, ...]:
        """Moves that others recorded, in seconds since 1970."""

    def note(self, made: Move) -> None:
        """Record a move of ours for others, in seconds since 1970."""


@dataclass(slots=True)
class AddressDriver:
    """`addresses`: (interface, address) that move. `router`: the witness; None: silence is believed."""

    addresses: tuple[tuple[str, str], ...]
    router: str | None
    decides: bool = False
    answered_at: float = 0.0
    sequence: int = 0
    raw: socket.socket | None = None

    def take(self) -> None:
        _ip("".join(f"address replace {address}/32 dev {link}\n" for link, address in self.addresses))
        self.announce()

    def drop(self) -> None:
        held = [(link, address) for link, address in self.addresses if address in _held(link)]
        _ip("".join(f"address del {address}/32 dev {link}\n" for link, address in held))

    def announce(self) -> None:
        for link, address in self.addresses:
            _gratuitous_arp(link, address)

    def holds(self) -> bool:
        return all(address in _held(link) for link, address in self.addresses)

    def poll(self) -> None:
        """One echo request; answers to this one or the one before count."""
        if self.router is None:
            return
        if self.raw is None:
            self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            self.raw.settimeout(0.4)
        self.sequence = (self.sequence + 1) % 65536
        request = _echo(os.getpid() & 0xFFFF, self.sequence)
        self.raw.sendto(request, (self.router, 0))
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            answer, (sender, _) = self.raw.recvfrom(2048)
            if sender == self.router and answer[20] == 0 and answer[24:26] == request[4:6]:
                self.answered_at = time.monotonic()
                return

    def witness(self) -> bool:
        return self.router is None or time.monotonic() - self.answered_at < WITNESS_GOOD_FOR

    def moves(self) -> tuple[Move, ...]:
        return ()

    def note(self, made: Move) -> None:
        """Nobody else decides."""


def _held(link: str) -> set[str]:
    said = subprocess.run(["ip", "-json", "-4", "address", "show", "dev", link], capture_output=True, check=False)
    found: list[dict[str, Any]] = json.loads(said.stdout or b"[]")
    return {one["local"] for entry in found for one in entry.get("addr_info", ())}


def _ip(commands: str) -> None:
    done = subprocess.run(["ip", "-force", "-batch", "-"], input=commands.encode(), capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"ip: {done.stderr.decode(errors='replace').strip()[:200]}")


def _gratuitous_arp(link: str, address: str) -> None:
    """A request for our own address from our own address (RFC 5227): whoever knows another owner learns the new one."""
    hardware = bytes.fromhex(Path(f"/sys/class/net/{link}/address").read_text().strip().replace(":", ""))
    own = IPv4Address(address).packed
    for operation in (1, 2):  # some learn from requests, some from answers
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + hardware + own + BROADCAST * (operation - 1)
        body += (b"\0" * 6 if operation == 1 else b"") + own
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.bind((link, 0))
            raw.send(BROADCAST + hardware + b"\x08\x06" + body)


def _echo(identifier: int, sequence: int) -> bytes:
    """An ICMP echo request (RFC 792)."""
    packet = struct.pack("!BBHHH", 8, 0, 0, identifier, sequence)
    total = sum(struct.unpack("!4H", packet))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBHHH", 8, 0, ~total & 0xFFFF, identifier, sequence)


@dataclass(slots=True)
class Ec2Driver:
    """Elastic IP and routes. The API is the witness, and the truth about who holds the address."""

    estate: Any  # lambdas.vpn_failover.ec2.Estate
    interface: str
    decides: bool = True
    answered_at: float = 0.0
    holder: str | None = None
    recorded: tuple[Move, ...] = field(default=())
    asked_at: float = -60.0

    def take(self) -> None:
        from lambdas.vpn_failover import ec2

        ec2.move(self.estate, self.interface)
        self.holder = self.interface

    def drop(self) -> None:
        """Nothing: whoever is the next takes it."""

    def announce(self) -> None:
        """Nothing: AWS needs to be told once."""

    def holds(self) -> bool | None:
        return None if self.holder is None else self.holder == self.interface

    def poll(self) -> None:
        """Every five seconds. Raises an error of AWS."""
        from lambdas.vpn_failover import ec2

        if time.monotonic() - self.asked_at < 5.0:
            return
        self.asked_at = time.monotonic()
        self.holder = ec2.holder(self.estate)
        self.recorded = ec2.moves(self.estate, time.time())
        self.answered_at = time.monotonic()

    def witness(self) -> bool:
        return time.monotonic() - self.answered_at < API_GOOD_FOR

    def moves(self) -> tuple[Move, ...]:
        return self.recorded

    def note(self, made: Move) -> None:
        from lambdas.vpn_failover import ec2

        ec2.note(self.estate, self.recorded, made)
        self.recorded = (*self.recorded, made)
