"""Runs one host of a pair: hears, beats, asks the machine, and does what it orders."""

from __future__ import annotations

import json
import logging
import select
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from lambdas.vpn_failover.decide import Action, Move
from strongswan.pair import charon
from strongswan.pair.drivers import Driver
from strongswan.pair.machine import Machine, Order, Role
from strongswan.pair.senses import Own
from strongswan.pair.settings import Settings, remember, remembered, replace
from strongswan.pair.system import listening, notify, up
from strongswan.pair.wire import Line, RefusedError

log = logging.getLogger("vpn-pair")
TICK, INTERVAL, LOOK, PUBLISH, REPAIR = 0.1, 0.5, 0.5, 1.0, 2.0
RESUMES = 60.0
SETTLED = 10.0
SAME_MOVE = 5.0  # the active records what its peer also heard; both tell when to a second or two


@dataclass(slots=True)
class Daemon:
    """All of it. `own` and what the driver saw come from threads; whole values are replaced, so no lock is needed."""

    settings: Settings
    driver: Driver
    machine: Machine = field(init=False)
    line: Line = field(init=False)
    heart: socket.socket = field(init=False)
    control: socket.socket = field(init=False)
    own: Own = field(default_factory=lambda: Own(answers=False, installed=0, witness=False))
    stop: threading.Event = field(default_factory=threading.Event)
    work: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    mending: Future[None] | None = None
    trouble: str = ""
    refused: int = 0
    next_beat: float = 0.0
    next_publish: float = 0.0
    next_repair: float = 0.0

    def __post_init__(self) -> None:
        values, now, kept = self.settings.values, time.monotonic(), remembered(self.settings.kept)
        self.line = Line(self.settings.keys, values["name"])
        self.machine = Machine(
            name=values["name"],
            preferred=values["preferred"],
            configuration=values["configuration"],
            tunnels=len(self.settings.tunnels),
            rules=self.settings.rules,
            started=now,
            third_party=self.driver.decides,
            moves=kept.moves,
            epoch=kept.epoch,
            reigned=kept.active and not self.driver.decides,
        )
        self.heart = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.heart.bind((values["address"], values["port"]))
        self.control = listening(str(self.settings.control))
        self._begin(now)

    def _begin(self, now: float) -> None:
        """Resume if only the daemon restarted; otherwise give up whatever address is left here."""
        last = _last_state(self.settings)
        recent = time.time() - last.get("at", 0.0) < RESUMES
        here = self.driver.holds() if not self.driver.decides else last.get("role") == Role.ACTIVE.value
        if recent and here and last.get("role") == Role.ACTIVE.value:
            self.machine.resume(int(last["epoch"]), float(last["active_for"]), now)
            log.info("resumed as the active")
        elif here:
            self._do(Order.DROP)

    def run(self) -> None:
        """Until told to stop; then the address is handed over."""
        threading.Thread(target=self._watch, daemon=True).start()
        threading.Thread(target=self._poll, daemon=True).start()
        while not self.stop.is_set():
            self._turn()
        if self.machine.role is Role.ACTIVE:
            self._obey(self.machine.release(time.monotonic(), "The daemon was told to stop."))
            self.work.shutdown(wait=True)
            self._beat()
        self._publish(time.monotonic())

    def _turn(self) -> None:
        for readable in select.select([self.heart, self.control], [], [], TICK)[0]:
            if readable is self.heart:
                self._hear()
            else:
                self._answer()
        now = time.monotonic()
        self._obey(self.machine.step(now, self.own))
        if now >= self.next_beat:
            self._beat()
        if now >= self.next_repair:
            self._repair(now)
        if now >= self.next_publish:
            self._publish(now)

    def _hear(self) -> None:
        datagram, (sender, _) = self.heart.recvfrom(2048)
        if sender != self.settings.values["peer"]:
            return
        try:
            beat, ask = self.line.unpack(datagram)
        except (RefusedError, ValueError) as error:
            self.refused += 1
            if self.refused in (1, 10, 100, 1000):
                log.warning("a heartbeat was refused: %s (%d so far)", str(error)[:100], self.refused)
            return
        if ask is not None:
            self._send(self.line.pack(self.machine.beat(time.monotonic(), self.own), echo=ask))
        elif beat is not None:
            self.machine.hear(beat, time.monotonic())

    def _beat(self) -> None:
        now = time.monotonic()
        self.next_beat = now + INTERVAL
        self._send(self.line.pack(self.machine.beat(now, self.own)))

    def _send(self, datagram: bytes) -> None:
        with suppress(OSError):  # a link that is down; the other end hears it by not hearing
            self.heart.sendto(datagram, (self.settings.values["peer"], self.settings.values["port"]))

    def _obey(self, order: Order) -> None:
        if order is Order.NOTHING:
            return
        log.warning("%s: %s", "takes over" if order is Order.TAKE else "steps down", self.machine.reason)
        self.work.submit(self._do, order)
        if order is Order.DROP:
            self.work.submit(self._beat)  # handed over only when the address is gone
        else:
            self._beat()
        self._publish(time.monotonic())
        self._keep()

    def _do(self, order: Order) -> None:
        """In the worker's thread, one after the other. An order that the role has overtaken is none any more."""
        if (order is Order.TAKE) is not (self.machine.role is Role.ACTIVE):
            return
        try:
            if order is Order.TAKE:
                self._note()
                self.driver.take()
                charon.bring_up(self.settings.values["socket"], self.settings.tunnels)
            else:
                self.driver.drop()
                charon.end_all(self.settings.values["socket"])
            self.trouble = ""
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {str(error)[:200]}"
            log.exception("%s failed; tried again", order.value)

    def _note(self) -> None:
        """Once each: what this host only heard of, the one that moved has recorded."""
        for made in self.machine.to_note:
            at = time.time() - (time.monotonic() - made.at)
            if all(abs(at - one.at) > SAME_MOVE for one in self.driver.moves()):
                with suppress(Exception):  # that others are not told must not keep the address away
                    self.driver.note(Move(at, made.by_silence))
        self.machine.to_note.clear()

    def _repair(self, now: float) -> None:
        """What is, against what should be: also after somebody else moved the address, or an order failed."""
        self.next_repair = now + REPAIR
        here, active = self.driver.holds(), self.machine.role is Role.ACTIVE
        if here is None or now - self.machine.since < (SETTLED if self.driver.decides else REPAIR):
            return
        if self.mending is not None and not self.mending.done():  # what fails slowly must not pile up
            return
        if self.driver.decides and not self.trouble:
            self._follow(now, here=here, active=active)
        elif here is not active:
            self.mending = self.work.submit(self._do, Order.TAKE if active else Order.DROP)
        elif active and self.machine.whole(now, self.own):  # what is cut off must not claim what the other may have
            self.mending = self.work.submit(self.driver.announce)

    def _follow(self, now: float, *, here: bool, active: bool) -> None:
        if here and self.machine.role is Role.STANDBY:
            self._obey(self.machine.adopt(now, "The address was moved here by somebody else."))
        elif active and not here:
            self._obey(self.machine.drop(now, "The address was moved away by somebody else."))

    def _watch(self) -> None:
        """Asks charon. One that has come back to an active host is asked for its tunnels again."""
        while not self.stop.wait(LOOK):
            installed = charon.installed(self.settings.values["socket"], self.settings.tunnels)
            answers = installed is not None
            if answers and not self.own.answers and self.machine.role is Role.ACTIVE:
                charon.bring_up(self.settings.values["socket"], self.settings.tunnels)
            links = all(map(up, self.settings.values["links"]))
            self.own = Own(answers, installed or 0, self.driver.witness(), links)

    def _poll(self) -> None:
        while not self.stop.wait(LOOK / 2):
            try:
                self.driver.poll()
                self._learn()
            except Exception as error:  # noqa: BLE001  the witness is not reached; that is seen by its age
                log.debug("witness: %s", type(error).__name__)

    def _learn(self) -> None:
        """Moves that are recorded, and those of ours that are not yet."""
        if not self.driver.decides:
            return
        pending = tuple(self.machine.to_note)  # first: what is noted from here on is in both, never in neither
        wall, now = time.time(), time.monotonic()
        known = tuple(Move(now - max(wall - m.at, 0.0), m.by_silence) for m in self.driver.moves())
        missing = (made for made in pending if all(abs(made.at - one.at) > SAME_MOVE for one in known))
        self.machine.moves = (*known, *missing)

    def _answer(self) -> None:
        """One request of an operator: {"command", "force"} in, {"problem", "role"} out."""
        with self.control.accept()[0] as connection, suppress(OSError, ValueError):
            connection.settimeout(1.0)
            asked = json.loads(connection.recv(1024))
            problem = self._command(str(asked.get("command")), force=asked.get("force") is True)
            connection.sendall(json.dumps({"problem": problem, "role": self.machine.role.value}).encode())

    def _command(self, command: str, *, force: bool) -> str:
        now = time.monotonic()
        if command == "takeover":
            if force and self.machine.role is not Role.ACTIVE:
                self._obey(self.machine.force(now))
                return ""
            problem = self.machine.want(now)
            self._beat()
            return problem
        if command == "release":
            problem = "" if force and self.machine.role is Role.ACTIVE else self.machine.may_release(now)
            if not problem:
                self._obey(self.machine.release(now, "An operator released the address."))
            return problem
        return "It is no command that is known here."

    def _keep(self) -> None:
        with suppress(OSError):
            remember(self.settings.kept, self.machine.kept(time.monotonic()))

    def _publish(self, now: float) -> None:
        self.next_publish = now + PUBLISH
        with suppress(OSError):
            replace(self.settings.state_file, json.dumps(self.state(now), indent=1))
        notify("WATCHDOG=1")

    def state(self, now: float) -> dict[str, Any]:
        """What the README of this folder describes."""
        machine, peer = self.machine, self.machine.peer
        heard = None if machine.peer_at is None else round(now - machine.peer_at, 2)
        held = machine.decision is not None and machine.decision.action is Action.HOLD
        return {
            "at": time.time(),
            "name": machine.name,
            "role": machine.role.value,
            "epoch": machine.epoch,
            "since": round(time.time() - (now - machine.since), 3),
            "active_for": round(now - machine.since, 3) if machine.role is Role.ACTIVE else 0.0,
            "reason": machine.reason,
            "held_back": held and machine.role is Role.STANDBY,
            "trouble": self.trouble,
            "ready": self.own.ready,
            "daemon_answers": self.own.answers,
            "installed": self.own.installed,
            "witness": self.own.witness,
            "moves": [round(now - one.at, 1) for one in machine.moves],
            "peer": None if peer is None else {**asdict(peer), "heard_ago": heard},
            "configuration_differs": peer is not None and peer.configuration != machine.configuration,
            "refused_datagrams": self.refused,
        }


def _last_state(settings: Settings) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(settings.state_file.read_text())
    except (OSError, ValueError):
        return {}
    return found
