"""A host of this machine, entered by its process: community.docker.nsenter, with modules sent to its standard input.

Without that a task takes five commands instead of one: a directory, a file, its mode, the run, its removal.
"""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.community.docker.plugins.connection.nsenter import Connection as Nsenter

DOCUMENTATION = """
name: entered
short_description: enter a host of this machine by its process, with pipelining
version_added: historical
description: Runs commands in the namespaces of a process. Root is needed.
extends_documentation_fragment: [connection_pipelining]
options:
  nsenter_pid:
    description: The process whose namespaces are entered.
    type: int
    vars: [{name: ansible_nsenter_pid}]
    default: 1
"""


class Connection(Nsenter):  # type: ignore[misc]
    """`Nsenter` hands over standard input already; it only does not say so."""

    transport: ClassVar[str] = "entered"
    has_pipelining: ClassVar[bool] = True
