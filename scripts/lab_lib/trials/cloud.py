"""AWS, as the lab's host `aws` plays it, asked by a controller."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from scripts.lab_lib import inventory
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import network_of

ROLE = {
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab",
    "AWS_DEFAULT_REGION": inventory.REGION,
    "AWS_ENDPOINT_URL": inventory.AWS,
}
"""what a role and the region's endpoints are in AWS"""


@contextmanager
def reached(lab: Lab) -> Iterator[None]:
    """This thread's new connections, and the programs it starts, speak with it."""
    with network_of(lab.machines.place("aws")), _environment(ROLE):
        yield


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
