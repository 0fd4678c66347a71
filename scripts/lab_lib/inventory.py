"""The inventory of the appliance's hosts, for Ansible: entered without a network, for none leads to this machine.

A host's process changes with every reboot, so the inventory is asked for anew each time: ansible/inventories/lab/hosts.
"""

from __future__ import annotations

from typing import Any

from scripts.host_lib import boot
from scripts.lab_lib import settings
from scripts.lab_lib.places import Lab
from scripts.lab_lib.topology import APPLIANCE, NAMES, PORTAL_NAME, STAFF_POOL, Host
from strongswan.render.house import sites_alone
from strongswan.render.names import names

AWS = f"http://{NAMES['aws.provider.example']}:5000"
"""by its address: behind a name, S3 would want a name of its own for each bucket"""
REGION = "eu-central-1"
ACCOUNT = "123456789012"
DOCUMENTS, INBOX = "lab-documents", "lab-inbox"
QUEUES = {"work": "lab-work", "events": "lab-events", "dead": "lab-events-dead"}


def _passes(purpose: str, ports: list[str], **whom: list[str]) -> dict[str, Any]:
    return {"purpose": purpose, "protocol": "tcp", "ports": ports, **whom}


INBOUND = [
    _passes("staff, through their tunnel", ["443"], **{"from": [STAFF_POOL]}),
    _passes("acknowledgements of customer B", ["443"], **{"from": ["10.50.60.40/32"]}),
]
OUTBOUND = [
    _passes("database", ["5432"], to=[NAMES["database.provider.example"]]),
    _passes("queues and buckets", ["5000"], to=[NAMES["aws.provider.example"]]),
    _passes("customer A: names", ["53"], to=["10.20.30.53"]) | {"protocol": "udp"},
    _passes("customer A: tickets", ["443"], to=["10.20.30.40"]),
    _passes("customer A: SAP", ["44300"], to=["10.20.30.41"]),
    _passes("customer B: proxy", ["3128"], to=["10.50.60.8"]),
]


def made(lab: Lab) -> dict[str, Any]:
    """As Ansible wants it from a program: `{group: {hosts, vars}, _meta: {hostvars}}`."""
    groups = sorted({group for host in APPLIANCE for group in host.appliance})
    of_group = {group: {"hosts": [h.name for h in APPLIANCE if group in h.appliance]} for group in groups}
    top = {"appliance": {"children": groups}, "all": {"children": ["appliance"], "vars": _common(lab)}}
    hosts = {host.name: _host(lab, host) for host in APPLIANCE}
    return {**of_group, **top, "_meta": {"hostvars": hosts}}


def queue(name: str) -> str:
    return f"{AWS}/{ACCOUNT}/{QUEUES[name]}"


def _host(lab: Lab, host: Host) -> dict[str, Any]:
    found: dict[str, Any] = {"ansible_nsenter_pid": boot.leader(lab.group.place(host.name)) or 0}
    if "vpn" not in host.appliance:
        found |= {"firewall_inbound": INBOUND if "portal" in host.appliance else [], "firewall_outbound": OUTBOUND}
    if "vpn" in host.appliance:
        key, certificate = (str(lab.certificates / f"{host.name}.{kind}") for kind in ("key", "crt"))
        found |= {
            "strongswan_gateway_config": settings.gateway(host.name),
            "strongswan_gateway_key": key,
            "strongswan_gateway_certificate": certificate,
        }
    return found


def _common(lab: Lab) -> dict[str, Any]:
    found = settings.secrets_of(lab)
    connection = {
        "ansible_connection": "entered",  # ansible/plugins/connection
        "ansible_pipelining": True,
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    return connection | _shared(lab) | _application(lab, found) | _release(lab, found) | _vpn(lab, found)


def _shared(lab: Lab) -> dict[str, Any]:
    return {
        "appliance_environment": "lab",
        "appliance_portal_name": PORTAL_NAME,
        "appliance_timeserver": "",
        "base_refresh_packages": False,
        "appliance_release_public_keys": str(lab.state / "release-keys"),
        "appliance_backup_target": "/var/backups/proforma",
    }


def _application(lab: Lab, found: settings.Secrets) -> dict[str, Any]:
    return {
        "database_client_host": "database.provider.example",
        "database_client_password": found["database_app"],
        "database_client_owner_password": found["database_owner"],
        "database_client_ca": str(lab.certificates / "provider-ca.pem"),
        "portal_certificate": str(lab.certificates / "portal.crt"),
        "portal_key": (lab.certificates / "portal.key").read_text()
        if (lab.certificates / "portal.key").exists()
        else "",
        "portal_workers": 2,
        "portal_inbound_credentials": settings.inbound(found),
        "worker_concurrency": 2,
        "worker_customer_names": names(sites_alone((lab.state / "sites").glob("*.yml"))),
        "worker_credentials": settings.credentials(found),
        "backup_password": found["database_backup"],
        "backup_documents_bucket": DOCUMENTS,
        "backup_trusted_keys": str(lab.state / "backup-keys"),
        "backup_recipients": [settings.backup_recipient(lab)],
    }


def _release(lab: Lab, found: settings.Secrets) -> dict[str, Any]:
    return {
        "release_artifacts": str(lab.state / "artifacts"),
        "release_secret_key": found["secret_key"],
        "release_pseudonym_key": found["pseudonym_key"],
        "release_aws_credentials": "[default]\naws_access_key_id = lab\naws_secret_access_key = lab\n",
        "release_environment": {"AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": AWS},
        "release_settings": {
            "MODE": "test",
            "DOCUMENTS_BUCKET": DOCUMENTS,
            "S3_ENDPOINT_URL": AWS,
            "BROKER_URL": "sqs://",
            "BROKER_QUEUE_URL": queue("work"),
            "BROKER_REGION": REGION,
            "EVENTS_QUEUE_URL": queue("events"),
            "INBOX_BUCKET": INBOX,
            "SWEEP_SECONDS": 5,
            "RETRY_SECONDS": 5,
        },
    }


def _vpn(lab: Lab, found: settings.Secrets) -> dict[str, Any]:
    return {
        "strongswan_gateway_sites": str(lab.state / "sites"),
        "strongswan_gateway_trust": str(lab.state / "trust"),
        "strongswan_gateway_preshared_keys": {"example-b": found["psk_b"]},
        "strongswan_gateway_heartbeat_key": found["heartbeat"],
    }
