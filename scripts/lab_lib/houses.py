"""What the hosts that are not the appliance's are given: the internet, the laptop, the customers, database and AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from scripts import lambdas
from scripts.lab_lib import inventory, settings, systems
from scripts.lab_lib.files import PRIVATE, File, Given, hosts_file
from scripts.lab_lib.places import ROOT, Lab
from scripts.lab_lib.topology import (
    GATEWAY_IDENTITY,
    INTAKE_ADDRESS,
    INTAKE_STAGE,
    NAMES,
    PORTAL_NAME,
    SERVICE_ADDRESS,
)
from strongswan.render import host as vpn_host
from strongswan.render import sheet, staff

GIVEN = Path(__file__).with_name("given")
ROLES_SQL = ROOT / "ansible/roles/database_client/files/roles.sql"
FORWARDING = "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n"
PEOPLE = ("anna", "ben")
PLACEHOLDER = "the key that you were given by telephone"
MASQUERADE = """#!/usr/sbin/nft -f
flush ruleset
table ip home {
    chain forward { type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "home" accept
    }
    chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
}
"""


def router(_lab: Lab) -> Given:
    return _forwarding(Given())


def nat(_lab: Lab) -> Given:
    given = _forwarding(Given())
    given.text("/etc/nftables.conf", MASQUERADE)
    given.script += "systemctl enable --now --quiet nftables\n"
    return given


def _forwarding(given: Given) -> Given:
    given.text("/etc/sysctl.d/90-lab.conf", FORWARDING)
    given.script += "sysctl --quiet --load /etc/sysctl.d/90-lab.conf\n"
    return given


def laptop(lab: Lab) -> Given:
    given, house = Given(), settings.house(lab)
    names = {PORTAL_NAME: NAMES[PORTAL_NAME], GATEWAY_IDENTITY: SERVICE_ADDRESS}
    given.text("/etc/hosts", hosts_file("laptop", names))
    given.text("/etc/strongswan.conf", vpn_host.strongswan_conf(house, client=True))
    given.copy("/usr/local/sbin/vpn", GIVEN / "vpn", 0o755)
    given.copy("/usr/local/share/ca-certificates/provider.crt", lab.certificates / "provider-ca.pem")
    _trusts(given, lab, "provider")
    for name in PEOPLE:
        given.files |= person(lab, name).files
    given.script = "update-ca-certificates >/dev/null 2>&1 || true\nsystemctl enable --now --quiet strongswan\n"
    return given


def person(lab: Lab, name: str) -> Given:
    """One person's profiles, certificate and key on the laptop."""
    given, house = Given(), settings.house(lab)
    folder, mail = f"/etc/proforma-laptop/{name}", f"{name}@provider.example"
    given.text(f"{folder}/pubkey.conf", staff.linux(house, mail, "pubkey"), PRIVATE)
    given.text(f"{folder}/eap-tls.conf", staff.linux(house, mail, "eap-tls"), PRIVATE)
    given.copy(f"{folder}/staff.crt", lab.certificates / f"{name}.crt")
    given.copy(f"{folder}/staff.key", lab.certificates / f"{name}.key", PRIVATE)
    return given


def _trusts(given: Given, lab: Lab, authority: str) -> None:
    given.copy(f"/etc/swanctl/x509ca/{authority}-ca.pem", lab.certificates / f"{authority}-ca.pem")
    given.copy(f"/etc/swanctl/x509crl/{authority}.pem", lab.certificates / f"{authority}-crl.pem")


def a_gateway(lab: Lab) -> Given:
    given, house = _forwarding(Given()), settings.house(lab)
    _trusts(given, lab, "provider")
    given.text("/etc/swanctl/swanctl.conf", sheet.peer(house, house.site("example-a")), PRIVATE)
    given.copy("/etc/swanctl/x509/gateway.pem", lab.certificates / "a-gateway.crt")
    given.copy("/etc/swanctl/private/gateway.pem", lab.certificates / "a-gateway.key", PRIVATE)
    return _gateway(given, lab)


def b_gateway(lab: Lab) -> Given:
    given, house = _forwarding(Given()), settings.house(lab)
    text = sheet.peer(house, house.site("example-b")).replace(PLACEHOLDER, settings.secrets_of(lab)["psk_b"])
    given.text("/etc/swanctl/swanctl.conf", text, PRIVATE)
    return _gateway(given, lab)


def _gateway(given: Given, lab: Lab) -> Given:
    given.text("/etc/strongswan.conf", vpn_host.strongswan_conf(settings.house(lab)))
    given.script += "systemctl enable --quiet strongswan\nsystemctl restart strongswan\n"
    return given


def database(lab: Lab) -> Given:
    given, found = Given(), settings.secrets_of(lab)
    given.copy("/etc/postgresql/server.crt", lab.certificates / "database.crt")
    given.copy("/etc/postgresql/server.key", lab.certificates / "database.key", PRIVATE)
    given.copy("/etc/postgresql/lab.sql", ROLES_SQL)
    passwords = "".join(f"\\set {name} '{found[f'database_{name}']}'\n" for name in ("owner", "app", "backup"))
    given.text("/run/passwords.sql", f"{passwords}\\i /etc/postgresql/lab.sql\n", PRIVATE)
    tls = "ssl_cert_file = '/etc/postgresql/server.crt'\nssl_key_file = '/etc/postgresql/server.key'\n"
    given.text("/etc/postgresql/17/main/conf.d/lab.conf", f"listen_addresses = '*'\nssl = on\n{tls}")
    allowed = "hostssl proforma all 10.40.10.0/24 scram-sha-256\n"
    given.text("/etc/postgresql/17/main/pg_hba.conf", f"local all postgres peer\n{allowed}")
    given.script = DATABASE
    return given


DATABASE = """chown postgres /etc/postgresql/server.key
systemctl restart postgresql@17-main
if ! runuser -u postgres -- psql -XAtqc "SELECT rolname FROM pg_roles" | grep -qx proforma_owner; then
    runuser -u postgres -- psql -Xq --set=ON_ERROR_STOP=1 --output=/dev/null --file=- </run/passwords.sql
fi
rm /run/passwords.sql
"""


def aws(lab: Lab) -> Given:
    """moto, and the private API: its event shape, and the function's real zip under Amazon's runtime client."""
    given = Given()
    wanted = {
        "endpoint": inventory.AWS,
        "region": inventory.REGION,
        "queues": inventory.QUEUES,
        "buckets": [inventory.DOCUMENTS, inventory.INBOX],
    }
    given.text("/etc/moto/secrets.json", json.dumps({f"{SENDERS}example-a": _sender(lab)}), PRIVATE)
    given.text("/etc/hosts", hosts_file("aws", NAMES))
    given.copy("/opt/moto/resources.py", GIVEN / "resources.py")
    given.text("/etc/systemd/system/moto.service", MOTO.format(wanted=json.dumps(wanted)))
    _intake(given, lab)
    given.script = "systemctl daemon-reload\nsystemctl enable --now --quiet moto intake\n"
    return given


def _sender(lab: Lab) -> str:
    """Who may send for customer A, as app/lambdas/intake/senders.py has it."""
    login = settings.inbound(settings.secrets_of(lab))["customers/example-a/inbound"]
    known = {"addresses": ["10.20.30.40/31"], "kinds": ["acknowledgements"], "method": "basic"}
    return json.dumps({**known, "username": login["username"], "secrets": [login["password"]]})


def _intake(given: Given, lab: Lab) -> None:
    given.files["/opt/intake/intake.zip"] = File(lambdas.pack("intake"))
    for path in sorted((ROOT / "scripts/gateway_lib").glob("*.py")):
        given.copy(f"/opt/intake/scripts/gateway_lib/{path.name}", path)
    given.copy("/etc/intake/intake.crt", lab.certificates / "intake.crt")
    given.copy("/etc/intake/intake.key", lab.certificates / "intake.key", PRIVATE)
    given.text("/etc/systemd/system/intake.service", INTAKE)


MOTO = """[Unit]
Description=AWS, played by moto; its state is in memory

[Service]
Environment=AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab
LoadCredential=secrets.json:/etc/moto/secrets.json
ExecStart=/opt/moto/bin/moto_server --host 0.0.0.0 --port 5000
ExecStartPost=/opt/moto/bin/python /opt/moto/resources.py '{wanted}'
StandardOutput=null
StandardError=null
Restart=always
DynamicUser=yes

[Install]
WantedBy=multi-user.target
"""


SENDERS = "lab/intake/"
INTAKE = f"""[Unit]
Description=API Gateway's private API, played, and the function that it leads to
After=moto.service
Wants=moto.service

[Service]
WorkingDirectory=/opt/intake
Environment=AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_DEFAULT_REGION={inventory.REGION}
Environment=AWS_ENDPOINT_URL={inventory.AWS}
Environment=INBOX_BUCKET={inventory.INBOX} EVENTS_QUEUE_URL={inventory.queue("events")} SENDERS_PREFIX={SENDERS}
Environment=SENDERS_TTL=60 WINDOW_SECONDS=300 MOST_BYTES=1048576
LoadCredential=key:/etc/intake/intake.key
ExecStart=/opt/moto/bin/python -m scripts.gateway_lib --zip intake.zip --handler lambdas.intake.handler.handler \\
    --listen {INTAKE_ADDRESS}:443 --certificate /etc/intake/intake.crt --key %d/key \\
    --stage {INTAKE_STAGE} --path /inbox/{{kind}}/{{customer}}
AmbientCapabilities=CAP_NET_BIND_SERVICE
DynamicUser=yes
Restart=always

[Install]
WantedBy=multi-user.target
"""


GIVEN_TO: dict[str, Callable[[Lab], Given]] = {
    "router": router,
    "nat": nat,
    "laptop": laptop,
    "a-gateway": a_gateway,
    "a-systems": systems.a_systems,
    "b-gateway": b_gateway,
    "b-systems": systems.b_systems,
    "database": database,
    "aws": aws,
}


def appliance(lab: Lab, host: str) -> Given:
    """Our names, in the place of a name server, and the customers' authorities; all else comes from the playbooks."""
    given = Given()
    given.text("/etc/hosts", hosts_file(host, NAMES))
    if host in ("portal", "worker"):  # named by `ca_file` of a source and of an endpoint
        for letter in "ab":
            given.copy(f"/etc/proforma/customer-{letter}-ca.pem", lab.certificates / f"example-{letter}-ca.pem")
    return given
