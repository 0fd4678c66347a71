"""The services of a portal-and-worker host: who they are, what they may, what they answer."""

from __future__ import annotations

import json
import re
from typing import Any

RUNNING = ("nginx", "proforma-web", "proforma-worker", "proforma-beat")
OURS = (
    *RUNNING,
    *("proforma-web-standby", "proforma-events", "proforma-follow", "proforma-secrets", "proforma-pointer"),
    *("proforma-check@1.0.0", "proforma-migrate@1.0.0"),
)
MOST_EXPOSED = 2.5  # of 10, as systemd-analyze counts
CURL = "curl --silent --insecure --max-time 10 --resolve {name}:443:127.0.0.1"
HEADERS = (
    "strict-transport-security: max-age=31536000",
    "content-security-policy: ",
    "x-frame-options: deny",
    "x-content-type-options: nosniff",
    "permissions-policy: ",
    "referrer-policy: same-origin",
)
PORTAL = "portal.provider.example"


def asked(host: Any, path: str, more: str = "", name: str = PORTAL) -> str:
    return str(host.run(f"{CURL.format(name=name)} {more} https://{name}{path}").stdout)


def test_each_service_runs_and_starts_at_boot(host: Any) -> None:
    for asked_for in ("is-active", "is-enabled"):
        done = host.run(f"systemctl {asked_for} {' '.join(RUNNING)}")
        assert done.rc == 0, done.stdout


def test_each_unit_is_sandboxed(host: Any) -> None:
    said = host.run(f"for unit in {' '.join(OURS)}; do systemd-analyze security --no-pager $unit.service; done").stdout
    found = dict(re.findall(r"exposure level for (\S+)\.service: (\d+\.\d)", said))
    assert set(found) == set(OURS), said
    assert {unit: level for unit, level in found.items() if float(level) > MOST_EXPOSED} == {}


def test_no_service_runs_as_root(host: Any) -> None:
    users = {"nginx": "www-data", "proforma-web": "proforma-web", "proforma-worker": "proforma-worker"}
    for unit, user in users.items():
        processes = f"/sys/fs/cgroup/system.slice/{unit}.service/cgroup.procs"
        assert host.run(f"sed 's|^|/proc/|' {processes} | xargs stat -c %U | sort -u").stdout.split() == [user]


def test_no_secret_is_in_an_environment_or_a_command_line(host: Any) -> None:
    # in brackets, so that this command does not find itself
    pattern = "'[r]ehearsal-(3f7a9c|8e1c5f|of-the-application|of-acme)|[r]ehearsal/of'"
    found = host.run(f"grep --text -lE {pattern} /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null").stdout
    assert found == ""
    assert host.run(f"journalctl --quiet | grep -cE {pattern}").stdout.strip() == "0"


def test_workers_read_customers_credentials_and_web_processes_only_those_of_senders(host: Any) -> None:
    places = "/etc/proforma/credentials/customers/acme"

    def reads(user: str, name: str) -> bool:
        return bool(host.run(f"runuser -u {user} -- cat {places}/{name}.json").rc == 0)

    assert reads("proforma-worker", "source")
    assert not reads("proforma-web", "source")
    assert reads("proforma-web", "inbound")
    assert not reads("nobody", "inbound")
    for user in ("proforma-web", "proforma-worker", "www-data"):
        assert host.run(f"runuser -u {user} -- ls /etc/credstore").rc != 0


def test_the_portal_is_healthy_over_tls(host: Any) -> None:
    assert json.loads(asked(host, "/health")) == {"status": "ok"}


def test_a_renewed_certificate_is_served_after_a_reload(host: Any) -> None:
    main = host.run("systemctl show --property MainPID nginx").stdout
    renew = "openssl req -x509 -newkey rsa:2048 -noenc -days 2 -subj /CN=renewed -keyout portal.key -out portal.crt"
    served = f"openssl s_client -connect 127.0.0.1:443 -servername {PORTAL} </dev/null 2>/dev/null"
    served += " | openssl x509 -noout -subject"
    keep, back = "cp -a /etc/proforma/tls /run/tls-before", "cp -a /run/tls-before/. /etc/proforma/tls/"
    assert host.run(f"{keep} && cd /etc/proforma/tls && {renew} && systemctl reload nginx").rc == 0
    try:
        wait = f"for _ in 1 2 3 4 5 6 7 8 9 10; do {served} | grep renewed && exit 0; sleep 1; done; exit 1"
        assert host.run(wait).rc == 0
    finally:
        assert host.run(f"{back} && rm -r /run/tls-before && systemctl reload nginx").rc == 0
    assert host.run("systemctl show --property MainPID nginx").stdout == main, "without a new start"


def test_only_the_portals_name_is_answered(host: Any) -> None:
    assert asked(host, "/health", name="other.provider.example") == ""
    assert asked(host, "/health", "--header 'Host: other.provider.example'") == ""


def test_old_tls_and_unknown_methods_are_refused(host: Any) -> None:
    assert asked(host, "/health", "--tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0") == ""
    for version in ("1.2", "1.3"):
        assert "ok" in asked(host, "/health", f"--tlsv{version} --tls-max {version}")
    assert asked(host, "/sign-in", "--request DELETE --output /dev/null --write-out '%{http_code}'") == "405"


def test_modern_headers_come_with_every_page(host: Any) -> None:
    headers = asked(host, "/sign-in", "--head").lower()
    for name in HEADERS:
        assert name in headers
    assert "server: nginx\r" in headers.replace("\n", "\r"), "without its version"


def test_static_files_are_served(host: Any) -> None:
    page = asked(host, "/sign-in")
    style = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert style
    assert asked(host, style[1], "--output /dev/null --write-out '%{http_code}'") == "200"


def test_the_applications_role_owns_nothing(host: Any) -> None:
    done = host.run("proforma-database-check")
    assert (done.rc, done.stdout) == (0, "proforma_app owns nothing.\n"), done.stderr
    owner = host.run("proforma-database-check /etc/credstore/proforma.migration_database_url")
    assert owner.rc == 1
    assert "the role owns accounts_user" in owner.stdout


def test_the_worker_takes_what_beat_sends(host: Any) -> None:
    said = host.run("journalctl --quiet --output=cat --unit=proforma-worker --lines=200").stdout
    assert "Task delivery.sweep" in said
    assert "succeeded" in said


def test_a_guessed_password_is_locked_by_the_visitors_address(host: Any) -> None:
    jar = "--cookie-jar /tmp/jar --cookie /tmp/jar"
    codes = []
    for _ in range(6):
        page = asked(host, "/sign-in", jar)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token
        data = f"--data csrfmiddlewaretoken={token[1]} --data username=nobody --data password=wrong"
        given = f"{jar} {data} --referer https://{PORTAL}/sign-in --output /dev/null --write-out '%{{http_code}}'"
        codes.append(asked(host, "/sign-in", given))
    assert codes[0] == "422"
    assert codes[-1] in ("403", "429")
