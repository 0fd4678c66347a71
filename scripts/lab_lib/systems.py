"""What the hosts with the customers' systems are given: service management, SAP, Request Tracker, a web proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator

from scripts.lab_lib import settings
from scripts.lab_lib.files import PRIVATE, Given, hosts_file
from scripts.lab_lib.places import ROOT, Lab
from scripts.lab_lib.topology import CUSTOMER_NAMES, INTAKE_NAME, INTAKE_STAGE, PORTAL_NAME, SEEN_BY_CUSTOMER


def a_systems(lab: Lab) -> Given:
    given = Given()
    names = {INTAKE_NAME: SEEN_BY_CUSTOMER["example-a"]} | CUSTOMER_NAMES["example-a"]
    given.text("/etc/hosts", hosts_file("a-systems", names))
    _sandbox(given, lab, "a", f"{INTAKE_NAME}/{INTAKE_STAGE}")
    _request_tracker(given)
    sites = (
        ("servicenow.corp.customer-a.example", "10.20.30.40:443", "a-servicenow", 8080),
        ("rt.corp.customer-a.example", "10.20.30.40:443", "a-rt", 8090),
        ("sap.corp.customer-a.example", "10.20.30.41:44300", "a-sap", 8080),
    )
    _nginx(given, lab, sites)
    _names(given, CUSTOMER_NAMES["example-a"])
    given.script += "systemctl enable --quiet request-tracker\nsystemctl start --no-block request-tracker\n"
    return given


def b_systems(lab: Lab) -> Given:
    given = Given()
    names = {PORTAL_NAME: SEEN_BY_CUSTOMER["example-b"]} | CUSTOMER_NAMES["example-b"]
    given.text("/etc/hosts", hosts_file("b-systems", names))
    _sandbox(given, lab, "b", PORTAL_NAME)
    _nginx(given, lab, (("sap.customer-b.example", "10.50.60.40:443", "b-sap", 8080),))
    given.text("/etc/tinyproxy.conf", PROXY)
    given.text("/etc/systemd/system/proxy.service", PROXY_UNIT)
    given.script += "systemctl daemon-reload\nsystemctl enable --now --quiet proxy\n"
    return given


def _names(given: Given, known: dict[str, str]) -> None:
    """Customer A's name server."""
    records = " ".join(f"--host-record={name},{address}" for name, address in known.items())
    given.text("/etc/systemd/system/names.service", NAME_SERVER.format(records=records))
    given.script += "systemctl daemon-reload\nsystemctl enable --now --quiet names\n"


NAME_SERVER = """[Unit]
Description=The customer's name server

[Service]
ExecStart=/usr/sbin/dnsmasq --keep-in-foreground --conf-file=/dev/null --listen-address=10.20.30.53 --bind-interfaces \\
    --no-resolv --no-hosts --user=nobody {records}
Restart=always

[Install]
WantedBy=multi-user.target
"""


PROXY = """Port 3128
Listen 10.50.60.8
Bind 10.50.60.8
Allow 10.40.10.0/24
ConnectPort 443
"""
PROXY_UNIT = """[Unit]
Description=The customer's web proxy

[Service]
ExecStart=/usr/bin/tinyproxy -d -c /etc/tinyproxy.conf
DynamicUser=yes
Restart=always

[Install]
WantedBy=multi-user.target
"""


def _sandbox(given: Given, lab: Lab, letter: str, inbox: str) -> None:
    """`inbox`: where its SAP sends answers, host and what stands before the path."""
    found = settings.secrets_of(lab)
    doors = settings.credentials(found) | settings.inbound(found)
    kinds = (("servicenow", "source"), ("sap", "sap"), ("acknowledgement", "inbound"))
    secrets = {kind: doors[f"customers/example-{letter}/{door}"] for kind, door in kinds}
    for path in sorted((ROOT / "app/sandbox").glob("*.py")):
        given.copy(f"/opt/sandbox/sandbox/{path.name}", path)
    given.text("/etc/sandbox/secrets.json", json.dumps(secrets), PRIVATE)
    given.copy("/etc/sandbox/provider-ca.pem", lab.certificates / "provider-ca.pem")
    given.text("/etc/systemd/system/sandbox.service", SANDBOX.format(letter=letter, inbox=inbox))
    given.script += "systemctl daemon-reload\nsystemctl enable --quiet sandbox nginx\nsystemctl restart sandbox nginx\n"


SANDBOX = """[Unit]
Description=Service management and SAP of the customer, played

[Service]
WorkingDirectory=/opt/sandbox
LoadCredential=secrets.json:/etc/sandbox/secrets.json
StateDirectory=sandbox
DynamicUser=yes
ExecStart=/opt/sandbox/venv/bin/python -m sandbox serve --host 127.0.0.1 --port 8080 --state /var/lib/sandbox \\
    --secrets %d/secrets.json --acknowledge-after 1 --acknowledge-ca /etc/sandbox/provider-ca.pem \\
    --acknowledge-url https://{inbox}/inbox/acknowledgements/example-{letter}
Restart=always

[Install]
WantedBy=multi-user.target
"""


def _nginx(given: Given, lab: Lab, sites: tuple[tuple[str, str, str, int], ...]) -> None:
    servers = "".join(SERVER.format(name=name, listen=at, key=key, port=port) for name, at, key, port in sites)
    given.text("/etc/nginx/conf.d/lab.conf", servers)
    for _, _, key, _ in sites:
        given.copy(f"/etc/nginx/{key}.crt", lab.certificates / f"{key}.crt")
        given.copy(f"/etc/nginx/{key}.key", lab.certificates / f"{key}.key", PRIVATE)


SERVER = """server {{
    listen {listen} ssl;
    server_name {name};
    ssl_certificate /etc/nginx/{key}.crt;
    ssl_certificate_key /etc/nginx/{key}.key;
    client_max_body_size 32m;
    location / {{
        proxy_pass http://127.0.0.1:{port};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_read_timeout 180s;
    }}
}}
"""


def _request_tracker(given: Given) -> None:
    for name in _tracker_files():
        given.copy(f"/opt/request-tracker/{name}", ROOT / name)
    given.text("/etc/systemd/system/request-tracker.service", TRACKER)


def _tracker_files() -> Iterator[str]:
    yield "scripts/processes.py"
    yield from (
        f"tests/support/{name}"
        for name in ("request_tracker.py", "request_tracker_tickets.py", "request_tracker_datafile.pl")
    )


TRACKER = """[Unit]
Description=Request Tracker of the customer

[Service]
Type=oneshot
RemainAfterExit=yes
WorkingDirectory=/opt/request-tracker
ExecStart=/usr/bin/python3 -m tests.support.request_tracker up --dir /var/lib/lab-request-tracker --port 8090
ExecStop=/usr/bin/python3 -m tests.support.request_tracker down --dir /var/lib/lab-request-tracker

[Install]
WantedBy=multi-user.target
"""
