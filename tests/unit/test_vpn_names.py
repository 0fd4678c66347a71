"""What customers' systems are called on our hosts, and what the doctor says when their own name server disagrees."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
import yaml

from scripts.operations.doctor import machine
from scripts.operations.doctor.host import Host
from strongswan.render.house import sites_alone
from strongswan.render.names import names
from strongswan.render.problems import RefusedError

SITES = Path("strongswan/sites")
SERVICENOW = "servicenow.corp.customer-a.example"


def test_a_name_leads_where_its_site_file_says_and_its_customers_servers_are_asked() -> None:
    found = names(sites_alone(SITES.glob("example-*.yml")))
    assert found[SERVICENOW] == {"address": "10.20.30.40", "servers": ["10.20.30.53"]}
    assert found["proxy.customer-b.example"] == {"address": "10.30.0.8", "servers": []}
    assert "customerb.service-now.example" not in found  # reached over the internet, by public DNS


def test_one_name_for_two_addresses_is_refused(tmp_path: Path) -> None:
    for path in SITES.glob("example-*.yml"):
        site = yaml.safe_load(path.read_text())
        if site["customer"] == "example-b":
            site["dns"]["hosts"][SERVICENOW] = "10.30.0.99"
        (tmp_path / path.name).write_text(yaml.safe_dump(site))
    with pytest.raises(RefusedError, match=SERVICENOW):
        names(sites_alone(tmp_path.glob("*.yml")))


def test_a_site_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "acme.yml").write_text("customer: acme\n")
    with pytest.raises(RefusedError, match=r"acme\.yml"):
        sites_alone(tmp_path.glob("*.yml"))


def examined(root: Path, monkeypatch: pytest.MonkeyPatch, leads_to: str, server_says: str) -> list[str]:
    tools, file = root / "bin", root / "etc/proforma/customer-names.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"sap.acme.example": {"address": "10.1.1.1", "servers": ["10.1.1.53"]}}))
    tools.mkdir()
    (tools / "dig").write_text(f"#!/bin/sh\nprintf '{server_says}'\n")
    (tools / "dig").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setattr(socket, "gethostbyname", lambda _name: leads_to)
    return [f"{one.level} {one.what}" for one in machine.customers(Host(root))]


@pytest.mark.parametrize(
    ("leads_to", "server_says", "said"),
    [
        ("10.1.1.1", "10.1.1.1\\n", []),
        ("10.1.1.1", "alias.acme.example.\\n10.1.1.1\\n", []),
        ("10.9.9.9", "10.1.1.1\\n", ["error It leads to 10.9.9.9, not to 10.1.1.1."]),
        (
            "10.1.1.1",
            "10.1.1.2\\n",
            ["warning The customer's name server says 10.1.1.2, the site file 10.1.1.1."],
        ),
        ("10.1.1.1", "", ["warning The customer's name server says nothing, the site file 10.1.1.1."]),
    ],
)
def test_the_doctor_says_when_a_system_has_moved_or_a_name_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leads_to: str, server_says: str, said: list[str]
) -> None:
    assert examined(tmp_path, monkeypatch, leads_to, server_says) == said
