"""Terraform's commands on the copy, with the seconds that each resource took."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.rehearse_lib import commands, tools
from scripts.rehearse_lib.errors import RehearsalError

LONGEST = 900
"""seconds after which a command hangs rather than works"""
AT_ONCE = "-parallelism=24"
"""many resources only wait: the provider asks for a bucket's rules for 50 seconds, to see whether the answer stays"""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said: exit code, seconds, errors in words, seconds by resource."""

    code: int
    seconds: float
    problems: list[str] = field(default_factory=list)
    resources: dict[str, float] = field(default_factory=dict)

    def orderly(self, what: str) -> Done:
        """Itself. Raises RehearsalError with terraform's words when it failed."""
        if self.code:
            words = "\n".join(self.problems) or "It said nothing."
            raise RehearsalError(f"{what} failed after {self.seconds:.0f} s.\n{words}")
        return self


@dataclass(frozen=True, slots=True)
class Terraform:
    """Terraform in one directory."""

    directory: Path
    environment: Mapping[str, str]

    def init(self, *options: str) -> Done:
        return self._run("init", "-input=false", "-reconfigure", *tools.plugin_options(), *options)

    def plan(self, file: str, *options: str) -> Done:
        return self._run("plan", "-input=false", "-json", f"-out={file}", *options)

    def apply(self, *options: str) -> Done:
        return self._run("apply", AT_ONCE, "-input=false", "-json", "-auto-approve", *options)

    def destroy(self, *options: str) -> Done:
        """Without asking first how everything is: nobody but us was here, and asking takes as long as a plan."""
        return self._run("destroy", AT_ONCE, "-refresh=false", "-input=false", "-json", "-auto-approve", *options)

    def forget(self, *addresses: str) -> None:
        """They are not Terraform's any more, and stay. Raises RehearsalError."""
        self._output("state", "rm", *addresses)

    def changes(self, file: str) -> list[dict[str, Any]]:
        """Entries of a plan that would change something: address, actions, before, after."""
        plan = json.loads(self._output("show", "-json", file))
        return [
            one for one in plan.get("resource_changes", []) if one["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def attribute(self, address: str, name: str) -> str:
        """An attribute of a resource, as the state has it. Raises RehearsalError when there is no such resource."""
        waiting = [json.loads(self._output("show", "-json"))["values"]["root_module"]]
        while waiting:
            module = waiting.pop()
            waiting += module.get("child_modules", [])
            for one in module.get("resources", []):
                if one["address"] == address:
                    return str(one["values"][name])
        raise RehearsalError(f"{address} was not applied.")

    def outputs(self) -> dict[str, Any]:
        return {name: one["value"] for name, one in json.loads(self.outputs_as_json()).items()}

    def outputs_as_json(self) -> str:
        return self._output("output", "-json")

    def raw_output(self, name: str) -> str:
        return self._output("output", "-raw", name)

    def _note(self, *arguments: str) -> None:
        place = "terraform/bootstrap" if self.directory.name == "bootstrap" else "terraform"
        commands.note("terraform", f"-chdir={place}", *arguments)

    def _output(self, *arguments: str) -> str:
        self._note(*arguments)
        done = subprocess.run(
            [tools.terraform(), *arguments],
            cwd=self.directory,
            env=self._env(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RehearsalError(f"terraform {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def _run(self, *arguments: str) -> Done:
        self._note(*arguments)
        begun = time.monotonic()
        command = [tools.terraform(), *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.directory,
                env=self._env(),
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RehearsalError(f"terraform {arguments[0]} hangs: nothing after {LONGEST} s.") from None
        lines = [_parsed(line) for line in done.stdout.splitlines()]
        problems = [text for line in lines if (text := _problem(line))] or (
            [done.stderr.strip()] if done.stderr else []
        )
        return Done(done.returncode, time.monotonic() - begun, problems, dict(filter(None, map(_timing, lines))))

    def _env(self) -> dict[str, str]:
        return tools.bare() | dict(self.environment)


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _problem(line: Mapping[str, Any]) -> str:
    """An error of terraform's, with its place; "" for any other line."""
    told = line.get("diagnostic", {})
    if told.get("severity") != "error":
        return ""
    return f"{told.get('address', '')} {told['summary']}: {told.get('detail', '')}".strip()


def _timing(line: Mapping[str, Any]) -> tuple[str, float] | None:
    if line.get("type") != "apply_complete":
        return None
    return line["hook"]["resource"]["addr"], float(line["hook"].get("elapsed_seconds", 0))
