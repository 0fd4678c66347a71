"""The promises of the tunnels, one trial each, on the running lab."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import IN, METHODS, SERVICENOW, VPN_HOSTS, Lab
from scripts.lab_lib.trials.machines import eventually, network_of
from scripts.lab_lib.trials.pulse import beating
from scripts.lab_lib.trials.wire import Watch

ASSIGNED = "10.99.1.5"
COUNTERS = ("refused_forward", "refused_input", "refused_clear", "refused_spoofed")
REFUSED = ("refused_forward", "refused_input")
PREFIXES = ("vpn-refused-forward", "vpn-refused-input")
LOG_ALL = "/proc/sys/net/netfilter/nf_log_all_netns"
RETRANSMITTED_AT = 100
"""offset of tcpi_total_retrans in struct tcp_info"""


def tunnels(lab: Lab) -> Iterator[str]:
    """Up with certificate and with pre-shared key; what the customer sees of us is the address they assigned."""
    lab.ready()
    yield from lab.scenarios("tunnels")
    with network_of(lab.machines.place("worker")):
        made = socket.create_connection(SERVICENOW, 5)
    with made:
        seen = lab.machines.do("a-systems", f"ss -Htn state established src {SERVICENOW[0]}")
    if ASSIGNED not in seen or re.search(r"10\.40\.", seen):
        yield f"customer A sees other addresses of ours than {ASSIGNED}: {seen}"


def isolation(lab: Lab) -> Iterator[str]:
    """Narrow rules both ways; one customer reaches neither another nor staff."""
    lab.ready()
    yield from lab.scenarios("isolation")


def staff(lab: Lab) -> Iterator[str]:
    """EAP-TLS and public key, and no more than the portal's port; without the tunnel nothing."""
    for method in METHODS:
        said = lab.dial(method=method)
        if IN not in said.text:
            yield f"{method}: {said.text.strip()[-300:]}"
        else:
            yield from (f"{method}: {failure}" for failure in lab.scenarios("staff"))
    lab.hang_up()
    try:
        yield from lab.scenarios("no tunnel")
    finally:
        lab.dial()


def refusals(lab: Lab) -> Iterator[str]:
    """What is refused is counted, and logged."""
    lab.ready()
    active = lab.active()
    tries = [("a-systems", "10.99.1.5 22"), ("database", "10.20.30.40 443"), ("router", "203.0.113.10 22")]
    before, lines = counters(lab, active), _kernel_log()
    with logged_everywhere(), ThreadPoolExecutor(len(tries)) as pool:
        for _ in range(5):  # the log takes so many lines a minute, and others may have used them up
            list(pool.map(lambda one: lab.machines.sh(one[0], _connect(one[1])), tries))
            words = "".join(_kernel_log() - lines)
            if all(prefix in words for prefix in PREFIXES):
                break
    after = counters(lab, active)
    yield from (
        f"{name} did not count: {before[name]}, then {after[name]}" for name in REFUSED if after[name] <= before[name]
    )
    yield from (f"no line '{prefix}' in the kernel's log" for prefix in PREFIXES if prefix not in words)


def _kernel_log() -> set[str]:
    """Its lines, each with its time. The oldest make room for new ones."""
    return set(subprocess.run(["dmesg"], capture_output=True, text=True, check=True).stdout.splitlines(keepends=True))


def _connect(target: str) -> str:
    address, port = target.split()
    return f"timeout 2 bash -c '</dev/tcp/{address}/{port}'"


def counters(lab: Lab, host: str) -> dict[str, int]:
    said = lab.machines.do(host, "nft list counters table inet proforma_vpn")
    found = dict(re.findall(r"counter (\w+) \{\s*packets (\d+)", said))
    return {name: int(found[name]) for name in COUNTERS}


@contextmanager
def logged_everywhere() -> Iterator[None]:
    """A kernel logs for its first network namespace alone unless it is told otherwise."""
    with open(LOG_ALL, "r+") as file:  # noqa: PTH123  written in place, as a setting of the kernel has to be
        before = file.read()
        file.seek(0)
        file.write("1\n")
    try:
        yield
    finally:
        with open(LOG_ALL, "w") as file:  # noqa: PTH123
            file.write(before)


def fail_closed(lab: Lab) -> Iterator[str]:
    """With charon stopped on both VPN hosts nothing for a customer or the pool leaves in clear."""
    lab.ready()
    watch = Watch(lab.machines, lab.state / "down.pcap")
    watch.start()
    try:
        for host in VPN_HOSTS:
            lab.machines.do(host, "systemctl stop strongswan.service")
        yield from lab.scenarios("down")
    finally:
        for host in VPN_HOSTS:
            lab.machines.do(host, "systemctl start strongswan.service")
        watch.stop()
    yield from watch.in_clear()
    lab.ready()
    lab.dial()


def watchdog(lab: Lab) -> Iterator[str]:
    """After AUTH_FAILED strongSwan does not try again; the watchdog does."""
    lab.ready()
    with wrong_key(lab):
        lab.machines.do("b-gateway", "swanctl --terminate --ike provider --force --timeout 3 || true")
        eventually(lambda: not lab.installed("example-b"), 20, "customer B's tunnel is refused")
        time.sleep(3)
        if lab.installed("example-b"):
            yield "customer B's tunnel is up although the keys differ"
    begun = time.monotonic()
    took = eventually(lambda: lab.installed("example-b"), 90, "the watchdog brings customer B's tunnel up again")
    lab.report(Figure("watchdog_after_refusal", took))
    if time.monotonic() - begun > took + 5:
        yield "it took longer than it was measured"


@contextmanager
def wrong_key(lab: Lab) -> Iterator[None]:
    """Customer B holds another pre-shared key for a while, and only answers."""
    change = 's/^( *secret = ).*/\\1"not-the-key-that-was-agreed"/; s/(start|close)_action = start/\\1_action = none/'
    files = "$(grep -rlE 'secret =|start_action' /etc/swanctl --include=*.conf)"
    reload = "swanctl --load-creds --clear --noprompt && swanctl --load-conns"
    lab.machines.do(
        "b-gateway", f"rm -rf /run/kept && cp -a /etc/swanctl /run/kept && sed -Ei '{change}' {files}; {reload}"
    )
    try:
        yield
    finally:
        back = "rm -rf /etc/swanctl && cp -a /run/kept /etc/swanctl && swanctl --load-creds --clear --noprompt"
        lab.machines.do("b-gateway", back)


def rekey(lab: Lab) -> Iterator[str]:
    """Replacing keys under load loses nothing: every connection comes about, and no packet has to be sent twice."""
    lab.ready()
    active = lab.active()
    asked, lost = 0, 0
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(_loads, lab, 6.0) for _ in range(4)]
        for what in ("--child example-a", "--ike site-example-a", "--child example-a", "--child example-a"):
            time.sleep(1.0)
            lab.machines.do(active, f"swanctl --rekey {what}")
        for one in waiting:
            more, fewer = one.result()
            asked, lost = asked + more, lost + fewer
    lab.report(Figure("rekey_lost", lost, f"of {asked} connections, while keys were replaced four times"))
    if asked < 100:
        yield f"only {asked} connections were tried: that is no load"


def _loads(lab: Lab, seconds: float) -> tuple[int, int]:
    """(connections tried, those that failed or needed a packet twice)."""
    asked = lost = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asked += 1
        try:
            with network_of(lab.machines.place("worker")):
                made = socket.create_connection(SERVICENOW, 5)
            with made:
                information = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RETRANSMITTED_AT + 4)
                lost += struct.unpack_from("I", information, RETRANSMITTED_AT)[0] > 0
        except OSError:
            lost += 1
        time.sleep(0.02)
    return asked, lost


def state(lab: Lab) -> Iterator[str]:
    """Tunnels and pools as JSON, without names of people."""
    lab.ready()
    active = lab.active()
    eventually(lambda: lab.state_of_tunnels(active)["tunnels_up"] >= 2, 10, "the state says that both tunnels are up")
    found = lab.state_of_tunnels(active)
    for tunnel in found["tunnels"]:
        lacking = [key for key in ("bytes_in", "bytes_out", "child_rekey_in", "ike_rekey_in") if key not in tunnel]
        if lacking or not tunnel["up"]:
            yield f"{tunnel['name']}: up is {tunnel['up']}, without {lacking}"
    if not found["pools"]:
        yield "no pool of addresses in the state"
    if "@" in str(found):
        yield "the state names people"


def gateway_back(lab: Lab) -> Iterator[str]:
    """Customer A's gateway loses power, and only answers when it is back."""
    lab.ready()
    files = "$(grep -rl start_action /etc/swanctl --include=*.conf)"
    lab.machines.do("a-gateway", f"sed -Ei.kept 's/(start|close)_action = start/\\1_action = none/' {files}")
    with beating(lab.to_customer()) as pulse:
        lab.machines.power_off("a-gateway")
        eventually(lambda: pulse.beats and not pulse.beats[-1].answered, 10, "nothing answers while it is off")
        lab.machines.power_on("a-gateway")
        back = time.monotonic()
        took = pulse.back(back, 60, "traffic to customer A")
    lab.report(Figure("customer_gateway_back", took, "from the gateway's boot to the first connection"))
    kept = "for kept in $(find /etc/swanctl -name '*.kept'); do mv $kept ${kept%.kept}; done; swanctl --load-conns"
    lab.machines.do("a-gateway", kept)
    yield from ()
