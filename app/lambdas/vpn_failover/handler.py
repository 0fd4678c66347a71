"""Moves the VPN's address and routes when the standby host did not: alarm -> SNS -> here. The message only wakes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.shared import aws, log
from lambdas.vpn_failover import ec2, look
from lambdas.vpn_failover.decide import Action, Decision, Move, Rules, decide

FUNCTION = {"Function": "vpn_failover"}


def handler(event: Any, context: Any) -> dict[str, str]:
    """What was done and why. Raises ValueError for what is no alarm through SNS, and errors of AWS."""
    del context
    alarms = list(_alarms(event))
    if "ALARM" not in [state for _, state in alarms]:
        log.write("INFO", "ignored", alarms=[name for name, _ in alarms])
        return {"action": "ignored", "reason": "No alarm began."}
    try:
        return _act([name for name, state in alarms if state == "ALARM"])
    except Exception as error:
        log.write("ERROR", "vpn_failed", code=aws.code(error), **log.unexpected(error))
        _tell("VpnFailed", "The backstop could not look or move.", aws.code(error))
        raise


def _alarms(event: Any) -> Iterator[tuple[str, str]]:
    """(name, state) of each alarm in the event."""
    try:
        for record in event["Records"]:
            message = json.loads(record["Sns"]["Message"])
            yield str(message["AlarmName"]), str(message["NewStateValue"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.write("ERROR", "malformed_event", problem=type(error).__name__)
        raise ValueError("the event is no alarm of CloudWatch through SNS") from None


@dataclass(frozen=True, slots=True)
class Scene:
    """Who holds the address, and who could."""

    estate: ec2.Estate
    holds: str
    active: look.Host | None
    standby: look.Host | None


def _act(alarms: list[str]) -> dict[str, str]:
    now = time.time()
    scene, earlier = _scene(now), ec2.moves(_estate(), now)
    decision = _decide(scene, earlier, now)
    if decision.action is Action.MOVE and scene.standby is not None:
        # before the move: one that was cut short counts, or a host that fails on moving would be moved for ever
        ec2.note(scene.estate, earlier, Move(now, decision.by_silence))
        ec2.move(scene.estate, scene.standby.interface)
        _tell("VpnMoved", f"The VPN's address was moved to {scene.standby.instance}.", decision.reason)
    elif scene.holds:
        ec2.turn(scene.estate, scene.holds)  # after a move that was cut short
    if decision.action is Action.HOLD:
        _tell("VpnHeld", "The VPN may be down, and its address was not moved. Look at both VPN hosts.", decision.reason)
    told = {Action.MOVE: "vpn_moved", Action.STAY: "vpn_stay", Action.HOLD: "vpn_hold"}[decision.action]
    instance = scene.active.instance if scene.active else ""
    log.write("INFO", told, reason=decision.reason, alarms=alarms, active=instance)
    return {"action": decision.action.value, "reason": decision.reason}


def _scene(now: float) -> Scene:
    estate, interfaces = _estate(), _listed("INTERFACES")
    seen, holds = look.hosts(interfaces, now), ec2.holder(_estate())
    others = sorted((h for h in seen.values() if h.interface != holds), key=lambda h: (h.alive, h.heard_at or 0.0))
    return Scene(estate, holds, seen.get(holds), others[-1] if others else None)


def _decide(scene: Scene, earlier: tuple[Move, ...], now: float) -> Decision:
    lost = float(aws.number("HEARTBEAT_LOST", 150))
    rules = Rules(heartbeat_lost=lost, tunnels_lost=float(aws.number("TUNNELS_LOST", 180)))
    expected = aws.number("TUNNELS_EXPECTED", 0)
    return decide(look.observation(scene.active, scene.standby, now, lost=lost, expected=expected), earlier, rules)


def _estate() -> ec2.Estate:
    tables, networks = _listed("ROUTE_TABLES"), _listed("DESTINATIONS")
    return ec2.Estate(aws.variable("ALLOCATION_ID"), tables, networks, aws.variable("RECORD"))


def _listed(name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in aws.variable(name).split(",") if word.strip())


def _tell(metric: str, what: str, reason: str) -> None:
    """Metric, and a message to people; that they cannot be told must not undo a move."""
    log.count(metric, FUNCTION, reason=reason)
    topic = os.environ.get("ALARM_TOPIC_ARN", "")
    message: Mapping[str, str] = {"event": metric, "what": what, "reason": reason}
    try:
        if topic:
            aws.client("sns").publish(
                TopicArn=topic, Subject="Proforma: the VPN", Message=json.dumps(message, indent=1)
            )
    except aws.AWS_ERRORS as error:
        log.write("ERROR", "untold", code=aws.code(error))
