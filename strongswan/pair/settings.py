"""The daemon's configuration: the rendered pair.json, the shared key, and what is kept over restarts."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambdas.vpn_failover.decide import Move, Rules
from strongswan.pair.drivers import AddressDriver, Driver, Ec2Driver
from strongswan.pair.machine import Kept
from strongswan.watchdog.state import Wanted

MOST = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """As strongswan.render.host.pair writes them. `kept`: a file that survives a reboot."""

    values: Mapping[str, Any]
    tunnels: tuple[Wanted, ...]
    keys: tuple[bytes, ...]
    kept: Path

    @property
    def state_file(self) -> Path:
        return Path(self.values["state_file"])

    @property
    def control(self) -> Path:
        return self.state_file.with_suffix(".sock")

    @property
    def rules(self) -> Rules:
        return Rules(heartbeat_lost=self.values["heartbeat_lost"], most_moves=self.values["most_moves"])

    def driver(self) -> Driver:
        """The driver that the configuration names."""
        values = self.values
        if values["driver"] == "ip":
            return AddressDriver((tuple(values["service"]), tuple(values["private_service"])), values["witness"])
        from lambdas.vpn_failover.ec2 import Estate

        os.environ.setdefault("AWS_DEFAULT_REGION", values["region"])
        tables, networks = tuple(values["route_tables"]), tuple(values["destinations"])
        return Ec2Driver(Estate(values["allocation"], tables, networks, values["record"]), values["network_interface"])


def load(configuration: Path, key: Path, kept: Path) -> Settings:
    values = json.loads(configuration.read_text())
    tunnels = tuple(Wanted(**tunnel) for tunnel in values["tunnels"])
    return Settings(values, tunnels, tuple(key.read_bytes().split()), kept)


def remembered(path: Path) -> Kept:
    """What there is. A clock that was set back makes a move as young as can be."""
    now, wall = time.monotonic(), time.time()
    try:
        kept = json.loads(path.read_text())
        moves = tuple(Move(now - max(wall - one["at"], 0.0), bool(one["by_silence"])) for one in kept["moves"])
        return Kept(moves, int(kept["epoch"]), kept.get("active") is True)
    except (OSError, ValueError, KeyError, TypeError):
        return Kept()


def remember(path: Path, kept: Kept) -> None:
    now, wall = time.monotonic(), time.time()
    newest = sorted(kept.moves, key=lambda one: one.at)[-MOST:]
    told = [{"at": round(wall - (now - one.at), 3), "by_silence": one.by_silence} for one in newest]
    replace(path, json.dumps({"epoch": kept.epoch, "active": kept.active, "moves": told}))


def replace(path: Path, content: str) -> None:
    """Readers see the old or the new content, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(content)
    scratch.replace(path)
