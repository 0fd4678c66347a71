"""Peak memory of this process, for people who watch a stage."""

from __future__ import annotations

from pathlib import Path


def reset_peak() -> None:
    """Start a new measurement (Linux: proc(5), clear_refs 5). Where that is refused the peak is the process's."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_mb() -> int:
    """Highest resident size since the last reset, in MiB; 0 where /proc is not there."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    line = next((ln for ln in status.splitlines() if ln.startswith("VmHWM:")), "VmHWM: 0 kB")
    return round(int(line.split()[1]) / 1024)
