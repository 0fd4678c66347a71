"""The running lab as the trials see it: its hosts, its people, its customer, and who is active."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from scripts.lab_lib.places import Lab as Files
from scripts.lab_lib.trials import month, office, proof, scenarios
from scripts.lab_lib.trials.browser import Portal
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.machines import Machines, Said, TrialError, eventually, network_of
from scripts.lab_lib.trials.office import Endpoints, Office
from scripts.lab_lib.trials.pulse import Probe, connects
from scripts.lab_lib.trials.run import Report
from scripts.lab_lib.trials.sap import Customer
from scripts.lab_lib.trials.wire import Watch

VPN_HOSTS = ("vpn-a", "vpn-b")
SERVICE_ADDRESS = "203.0.113.10"
PORTAL_URL, PORTAL_ADDRESS = "https://portal.provider.example", "10.40.10.10"
SERVICENOW, SAP = ("10.20.30.40", 443), ("10.20.30.41", 44300)
FILE = Path(__file__).with_name("vpn.scenarios")
METHODS = ("pubkey", "eap-tls")
IN = "completed successfully"
"""what swanctl says of a tunnel that came about"""
FIRST_MONTH = (2022, 1)
CUSTOMER_CA = "/etc/proforma/customer-a-ca.pem"
PRELUDE = """
reach() { python3 -c 'import socket, sys
try:
    made = socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5, (sys.argv[3], 0) if sys.argv[3] else None)
    print("reached as", made.getsockname()[0])
except OSError as error:
    print("refused:", error)' "$1" "$2" "${3-}"; }
"""


def _unheard(_figure: Figure) -> None:
    """Between trials."""


@dataclass
class Lab:
    """`files`: where `lab up` keeps what it made, outside the clone."""

    machines: Machines
    files: Files
    used: list[str] = field(default_factory=list)
    watch: Watch | None = None
    report: Report = _unheard
    """takes a figure of the trial that is being played"""

    @property
    def state(self) -> Path:
        return self.files.state

    @property
    def sites(self) -> Path:
        return self.state / "sites"

    # who is who

    def active(self) -> str:
        """The VPN host that holds the service address. Raises TrialError when it is none or both."""
        holding = [host for host in VPN_HOSTS if self.holds(host)]
        if len(holding) != 1:
            raise TrialError(f"the service address {SERVICE_ADDRESS} is held by {holding or 'nobody'}")
        return holding[0]

    def holds(self, host: str) -> bool:
        said = self.machines.run(host, "ip", "-4", "-o", "address", "show")
        return f" {SERVICE_ADDRESS}/" in said.text

    def standby(self) -> str:
        return next(host for host in VPN_HOSTS if host != self.active())

    def state_of_tunnels(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.machines.do(host, "cat /run/proforma-vpn/state.json"))
        return found

    def installed(self, site: str) -> bool:
        """Whether the active VPN host has an INSTALLED CHILD_SA of the site."""
        said = self.machines.run(self.active(), "swanctl", "--list-sas").text
        return bool(re.search(rf"^  {re.escape(site)}: #\d+, reqid \d+, INSTALLED", said, re.M))

    # traffic

    def to_customer(self, host: str = "worker") -> Probe:
        """Whether a connection from the worker to customer A's ServiceNow comes about."""
        return connects(self.machines.place(host), *SERVICENOW)

    def page(self, path: str) -> Probe:
        """Whether a page of the portal comes, asked from the laptop."""
        browser = self.office.anybody()
        return lambda: browser.answers(path)

    def dial(self, person: str = "anna", method: str = "pubkey") -> Said:
        """What swanctl says when the laptop connects anew."""
        return self.machines.run("laptop", "vpn", "up", person, method, seconds=40)

    def hang_up(self) -> None:
        self.machines.run("laptop", "vpn", "down", seconds=20)

    def say(self, host: str, command: str) -> str:
        """What a command of the scenarios' kind says."""
        return self.machines.sh(host, PRELUDE + command, seconds=20).text

    def scenarios(self, section: str) -> list[str]:
        """What was not as the section of vpn.scenarios expects."""
        wanted = scenarios.read(FILE)[section]
        hosts = {"active": self.active(), "standby": self.standby()}

        def run(host: str, command: str) -> str:
            return self.say(hosts.get(host, host), command)

        return scenarios.failures(wanted, run)

    def ready(self, seconds: float = 60) -> None:
        """Both customers' tunnels are up and traffic flows: where every trial begins. Raises TrialError."""
        eventually(lambda: sum(map(self.holds, VPN_HOSTS)) == 1, seconds, "one VPN host holds the service address")
        for site in ("example-a", "example-b"):
            eventually(partial(self.installed, site), seconds, f"the tunnel to {site} is up on {self.active()}")
        eventually(self.to_customer(), seconds, "the worker reaches customer A")

    # the portal, its people, its customer

    @cached_property
    def office(self) -> Office:
        """Everybody is there, and can sign in from the laptop."""
        network = partial(network_of, self.machines.place("laptop"))
        portal = Portal(PORTAL_URL, PORTAL_ADDRESS, self.files.certificates / "provider-ca.pem", network, self.dial)
        return Office(portal, office.passwords(self.state / "people.json"))

    @cached_property
    def customer(self) -> Customer:
        place = self.machines.place("a-systems")
        return Customer(place, f"https://{SERVICENOW[0]}", f"https://{SAP[0]}:{SAP[1]}")

    @property
    def endpoints(self) -> Endpoints:
        from portal.sources.servicenow.parse import DEFAULT_VOCABULARY

        ca = self.given("worker", self.files.certificates / "example-a-ca.pem", CUSTOMER_CA)
        domain = "corp.customer-a.example"
        servicenow, sap = f"https://servicenow.{domain}", f"https://sap.{domain}:{SAP[1]}/sap/bc/idoc_xml"
        return Endpoints("example-a", servicenow, sap, ca, DEFAULT_VOCABULARY)

    def sql(self, statement: str, database: str = "proforma") -> str:
        """What the database answers, unaligned. Raises TrialError."""
        line = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database)
        said = self.machines.run("database", *line, given=statement)
        if not said.ok:
            raise TrialError(f"the database: {said.text.strip()[-300:]}")
        return said.text.strip()

    def next_month(self) -> str:
        """The first month (YYYY-MM) that no run of this lab has used, so that a run can follow another."""
        last = self.sql("SELECT to_char(max(period_start), 'YYYY-MM') FROM proformas_monthrun")
        return after(last) if last else "{}-{:02}".format(*FIRST_MONTH)

    def facts(self, played: month.Played) -> proof.Facts:
        database: Mapping[str, Any] = json.loads(self.sql(proof.FACTS.format(number=played.number)))
        return proof.Facts(played, database, self.customer.received())

    def given(self, host: str, file: Path, path: str, mode: str = "0644") -> str:
        """The path of a file of the lab on a host."""
        script = f"install -D -m {mode} /dev/stdin {path}"
        said = self.machines.run(host, "sh", "-c", script, given=file.read_text())
        if not said.ok:
            raise TrialError(f"{host}: {path}: {said.text}")
        return path

    def audit(self) -> None:
        """The whole record and every document's bytes, read on the portal. Raises TrialError."""
        self.machines.do("portal", "proforma-manage audit_verify")

    def release(self, host: str = "portal") -> str:
        """The version that runs there."""
        return Path(self.machines.do(host, "readlink /opt/proforma/current")).name


def after(period: str) -> str:
    """2026-12 -> 2027-01."""
    year, number = map(int, period.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"
