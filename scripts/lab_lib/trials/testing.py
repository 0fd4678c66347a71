"""`./scripts/lab test`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from scripts.host_lib import locks
from scripts.host_lib.errors import AbsentError, UsageError
from scripts.lab_lib import places, topology
from scripts.lab_lib.trials import run
from scripts.lab_lib.trials.catalogue import CATALOGUE
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import Machines
from scripts.lab_lib.trials.wire import Watch

RESULTS = "results.json"
LAYERS_FOUND = 15.0
"""seconds; looking for layers takes less, making one takes minutes"""


def main(only: Sequence[str] = (), *, listed: bool = False) -> int:
    """The exit code: 0 all as promised, 1 not. Raises UsageError, AbsentError (the lab is not up), HostError."""
    if listed:
        sys.stdout.write("".join(f"{entry.name:32} {entry.what}\n" for entry in CATALOGUE))
        return 0
    files = places.lab()
    lab = Lab(Machines(files.group), files)
    try:
        trials = run.chosen([entry.trial(lab) for entry in CATALOGUE], only)
    except KeyError as unknown:
        raise UsageError(f"There is no trial {unknown}.", where="--only", remedy="lab test --list") from None
    if down := [host.name for host in topology.HOSTS if not lab.machines.running(host.name)]:
        raise AbsentError("The lab is not up.", where=f"{', '.join(down)} missing", remedy="./scripts/lab up")
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 140)
    with locks.held(files.state / "test.lock"), watched(lab):
        return run.run(trials, console, files.state / RESULTS, () if only else before(lab))


@contextmanager
def watched(lab: Lab) -> Iterator[None]:
    """The wire, from the first trial to the last."""
    lab.watch = Watch(lab.machines, lab.state / "wire.pcap")
    lab.watch.start()
    try:
        yield
    finally:
        lab.watch.stop()


def before(lab: Lab) -> list[Figure]:
    """How long the last `lab up` took; nothing where it had to make layers first, for which no time is promised."""
    try:
        said = json.loads(lab.files.record.read_text())
        made_layers = float(said["steps"]["layers"]) > LAYERS_FOUND
        return [] if made_layers else [Figure("lab_up", float(said["seconds"]), "the last ./scripts/lab up")]
    except (OSError, ValueError, KeyError):
        return []
