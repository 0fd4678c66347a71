"""./scripts/demo as a process of its own, which a test can watch, disturb and end."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0


@dataclass
class Running:
    """A demo, with a mark that all its processes carry in their environment."""

    process: subprocess.Popen[str]
    mark: str
    log: Path
    temporary: Path

    def said(self, pattern: str) -> str:
        """Wait for a line. Fails when the demo ends before."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := re.search(pattern, self.log.read_text()):
                return found[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(f"never said {pattern}:\n{self.log.read_text()}")

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def relatives(self) -> dict[int, str]:
        """Living processes of this demo: id -> command line."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def holders(self, name: str) -> list[str]:
        """Command lines of this demo's processes with that variable in their environment."""
        found = []
        for pid, command in self.relatives().items():
            with contextlib.suppress(OSError):
                if name.encode() in Path(f"/proc/{pid}/environ").read_bytes():
                    found.append(command)
        return found

    def comes(self, words: str) -> int:
        """Wait for a process whose command line holds these words."""
        until = time.monotonic() + PATIENCE
        while not any(words in command for command in self.relatives().values()) and time.monotonic() < until:
            time.sleep(0.02)
        return self.relative(words)

    def relative(self, words: str) -> int:
        """The eldest process whose command line holds these words."""
        return min(pid for pid, command in self.relatives().items() if words in command)

    def alone(self, seconds: float = 20.0) -> bool:
        """True once no process is left."""
        until = time.monotonic() + seconds
        while self.relatives() and time.monotonic() < until:
            time.sleep(0.1)
        return not self.relatives()


@contextlib.contextmanager
def demo(directory: Path, *arguments: str) -> Iterator[Running]:
    mark = f"demo-{uuid.uuid4()}"
    temporary = Path(tempfile.mkdtemp(prefix="demo-"))  # not below tmp_path, where root's database may not get to
    temporary.chmod(0o755)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PROFORMA_")}  # as a newcomer's
    environment = bare | {"PYTHONPATH": f"{ROOT}:{ROOT / 'app'}", "DEMO_MARK": mark, "TMPDIR": str(temporary)}
    command = [
        sys.executable,
        "-m",
        "scripts.demo",
        "--tickets-count",
        "60",
        "--out",
        str(directory / "out"),
        *arguments,
    ]
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen([*command, *arguments], stdout=output, stderr=output, env=environment, text=True)
    running = Running(process, mark, log, temporary)
    try:
        yield running
    finally:
        for pid in running.relatives():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(temporary, ignore_errors=True)
