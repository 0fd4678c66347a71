"""A backup, the loss of everything, and the way back: docs/operations.md, Restore."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.lab_lib import settings
from scripts.lab_lib.trials import month, operator
from scripts.lab_lib.trials.figures import Figure
from scripts.lab_lib.trials.lab import Lab
from scripts.lab_lib.trials.machines import TrialError

CHAIN = re.compile(r"(\d+) audit entries and (\d+) documents")
UNITS = "proforma-worker proforma-beat proforma-events"
SENDS_AGAIN = f"rm /etc/proforma/hold-sending; systemctl start {UNITS}"
KEY, LOOKED_AT = "/run/backup.key", "/run/look"
LEFT_OVER = "SET ROLE proforma_owner; CREATE TABLE left_over (n integer)"


def restore(lab: Lab) -> Iterator[str]:
    """Backup, then everything is lost, then restore: every entry and every document is there again."""
    had = lab.machines.do("portal", "proforma-manage audit_verify")
    begun = time.monotonic()
    operator.playbook(lab, "backup")
    lab.sql("DROP DATABASE proforma WITH (FORCE)", database="postgres")
    lab.sql("CREATE DATABASE proforma OWNER proforma_owner", database="postgres")
    lab.sql(LEFT_OVER)
    operator.playbook(lab, "restore", restore_identity=lab.files.backup_identity, restore_replace="true")
    yield from _sends_nothing(lab)
    lab.machines.do("portal", "rm /etc/proforma/hold-sending")
    lab.machines.do("worker", SENDS_AGAIN)
    has = lab.machines.do("portal", "proforma-manage audit_verify")
    lab.report(Figure("restore", time.monotonic() - begun, f"backup included; {has.strip().splitlines()[-1]}"))
    if CHAIN.findall(had) != CHAIN.findall(has) or not CHAIN.search(had):
        yield f"before: {had}; after: {has}"
    if lab.sql("SELECT to_regclass('left_over')"):
        yield "what was in the database before the restore is still there"
    month.chain_is_whole(lab.office)
    yield from _comes_back(lab)
    yield from _believes_no_stranger(lab)


def _comes_back(lab: Lab) -> Iterator[str]:
    """As people prove every month that a backup is good, and as they find lost secrets in it."""
    newest = lab.machines.do("portal", "ls /var/backups/proforma | grep '^2.*Z$' | tail -1")
    if newest not in lab.machines.do("portal", "proforma-backup list"):
        yield f"the list of backups lacks {newest}"
    with _key_there(lab):
        said = lab.machines.do("portal", f"proforma-restore --check --identity {KEY}")
        if "opens" not in said or newest not in said:
            yield f"the newest backup is not opened: {said}"
        lab.machines.do("portal", f"proforma-restore --only settings --into {LOOKED_AT} --no-verify --identity {KEY}")
        secret = settings.secrets_of(lab.files)["pseudonym_key"]
        if not lab.machines.do("portal", f"grep -rlF -e '{secret}' {LOOKED_AT} || true"):
            yield "the key of pseudonyms is not in what a backup gives back"


@contextmanager
def _key_there(lab: Lab) -> Iterator[None]:
    """The key that opens backups, on the portal host for a moment."""
    lab.given("portal", lab.files.backup_identity, KEY, "0600")
    try:
        yield
    finally:
        lab.machines.do("portal", f"rm -r {KEY}; rm -rf {LOOKED_AT}")


def _believes_no_stranger(lab: Lab) -> Iterator[str]:
    """An older backup under a newer name, as whoever can write there could put it: refused, and nothing stops."""
    forged = "/var/backups/proforma/20991231T235959Z"
    lab.machines.do("portal", f"cp -a $(ls -d /var/backups/proforma/2*Z | tail -1) {forged}")
    try:
        operator.playbook(lab, "restore", restore_identity=lab.files.backup_identity, restore_replace=True)
        yield "a backup under another one's name was restored"
    except TrialError as error:
        if "under another name" not in str(error):
            yield f"a backup under another one's name was refused for another reason: {error}"
    finally:
        lab.machines.do("portal", f"rm -r {forged}")
    if "active" not in lab.machines.do("portal", "systemctl is-active proforma-web || true").split():
        yield "a refused restore stopped the portal"


def _sends_nothing(lab: Lab) -> Iterator[str]:
    """Before people have compared, not even after a reboot: what starts at boot is asked to start, and does not."""
    lab.machines.do("worker", f"systemctl start {UNITS}")
    running = lab.machines.do("worker", f"systemctl is-active {UNITS} || true").split()
    if "active" in running:
        yield f"after the restore, before anybody has compared: {UNITS} are {' '.join(running)}"
