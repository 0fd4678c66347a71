"""Marks by auditors that nobody here wrote: lynis, OpenSCAP, systemd-analyze. How each is asked: scripts/audit_host."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab

UNITS = ("portal", "worker", "vpn-a")
