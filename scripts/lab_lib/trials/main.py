"""`./scripts/lab test`: its command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from scripts.host_lib import locks
from scripts.lab_lib import places, topology
from scripts.lab_lib.trials import run
from scripts.lab_lib.trials.catalogue import CATALOGUE, Entry
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import Machines
from scripts.lab_lib.trials.wire import Watch

NOT_UP = 66
RESULTS = "results.json"
LAYERS_FOUND = 15.0
"""seconds; looking for layers takes less, making one takes minutes"""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 all as promised, 1 not, 64 command line, 66 the lab is not up, 75 somebody else tests it."""
    given = run.parser().parse_args(arguments)
    if given.list:
        sys.stdout.write("".join(f"{entry.name:32} {entry.what}\n" for entry in CATALOGUE))
        return 0
    files = places.lab()
    lab = Lab(Machines(files.group), files)
    try:
        trials = run.chosen([entry.trial(lab) for entry in CATALOGUE], given.only)
    except KeyError as unknown:
        sys.stderr.write(f"lab test: there is no trial {unknown}; --list shows them.\n")
        return run.USAGE
    if down := [host.name for host in topology.HOSTS if not lab.machines.running(host.name)]:
        sys.stderr.write(f"lab test: the lab is not up ({', '.join(down)} missing): ./scripts/lab up\n")
        return NOT_UP
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 140)
    with locks.held(files.state / "test.lock"), watched(lab):
        return run.run(trials, console, files.state / RESULTS, before(lab) if not given.only else ())


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


def entries() -> tuple[Entry, ...]:
    """Every trial, for the tests of the pages that name them."""
    return CATALOGUE


if __name__ == "__main__":
    os.umask(0o022)
    raise SystemExit(main(sys.argv[1:]))
