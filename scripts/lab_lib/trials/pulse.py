"""Traffic while something happens: asked several times a second, and the longest time without an answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripts.host_lib.places import Place
from scripts.lab_lib.trials.machines import eventually, network_of

SYN_ACK_SECONDS = 0.9
"""TCP sends its first packet again after a second: a connection that took longer lost one"""
Probe = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Beat:
    """One question: when it was asked and when its end was known, on the monotonic clock."""

    asked: float
    ended: float
    answered: bool


def longest_gap(beats: Sequence[Beat]) -> float:
    """The longest time from one answer to the next, less the pace at which was asked: what a user would notice.

    0.0 when everything was answered. Beats that end without an answer to follow count up to the last one.
    """
    worst, last, missed = 0.0, None, False
    for beat in sorted(beats, key=lambda one: one.ended):
        if not beat.answered:
            missed = True
        if beat.answered or beat is beats[-1]:
            if last is not None and missed:
                worst = max(worst, beat.ended - last)
            missed = False if beat.answered else missed
        if beat.answered:
            last = beat.ended
    return worst


@dataclass
class Pulse:
    """Asks every `pace` seconds on a thread of its own until it is stopped."""

    probe: Probe
    pace: float = 0.1
    beats: list[Beat] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._stop.is_set():
            asked = time.monotonic()
            answered = self.probe()
            self.beats.append(Beat(asked, time.monotonic(), answered))
            self._stop.wait(max(0.0, self.pace - (time.monotonic() - asked)))

    def stop(self) -> None:
        self._stop.set()

    def answered_after(self, moment: float) -> bool:
        """Whether a question that was asked after the moment was answered."""
        return any(beat.answered and beat.asked > moment for beat in list(self.beats))

    def back(self, after: float, seconds: float, what: str) -> float:
        """Seconds from `after` to the first answer to a question that was asked later. Raises TrialError."""
        eventually(lambda: self.answered_after(after), seconds, what, pause=0.02)
        return next(beat.ended for beat in self.beats if beat.answered and beat.asked > after) - after


@contextmanager
def beating(probe: Probe, pace: float = 0.1) -> Iterator[Pulse]:
    pulse = Pulse(probe, pace)
    thread = threading.Thread(target=pulse.run, daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        pulse.stop()
        thread.join(timeout=10)


def connects(place: Place, address: str, port: int, seconds: float = 0.5) -> Probe:
    """A probe: whether a connection from the host's network comes about."""

    def probe() -> bool:
        try:
            with network_of(place), socket.create_connection((address, port), seconds):
                return True
        except OSError:
            return False

    return probe
