"""What ./scripts/pki issues is what charon takes: the lab's tunnels with its certificates, lists and revocations."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp

import pytest

from scripts.pki_lib import keys
from strongswan.render import staff
from tests.support.pki import NAMED, Desk, certificate
from tests.support.vpn.certificates import Authority, Holder
from tests.support.vpn.lab import Lab, eventually, running
from tests.support.vpn.namespaces import needed

pytestmark = [pytest.mark.vpn, pytest.mark.slow]

METHODS: tuple[staff.Method, ...] = ("pubkey", "eap-tls")
ANNA = "anna@provider.example"
IN = "completed successfully"


class Pki(Authority):
    """An authority of the lab that is run with the commands of docs/pki.md."""

    folder: Path

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.purpose = "staff" if name.endswith("staff") else "gateways"
        self.desk = Desk(Path(mkdtemp(dir=self.folder)))
        assert self.desk.run("init", "--for", self.purpose, *NAMED[:3], name) == 0

    @cached_property
    def certificate(self) -> bytes:
        return self.desk.store.read("ca.crt")

    def issue(self, name: str) -> Holder:
        profile = "staff" if "@" in name else "gateway" if self.name.endswith("provider") else "customer"
        path = self.desk.sign(profile, name.replace("@", "."), name)
        key = (self.desk.folder / path.with_suffix(".key").name).read_bytes()
        return Holder(path.read_bytes(), key, certificate(path).serial_number)

    def revocation_list(self) -> bytes:
        return self.desk.store.read("crl.pem")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    needed("ip", "nft", "tcpdump", "curl", "swanctl", "charon-systemd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pki, "folder", tmp_path_factory.mktemp("pki"), raising=False)
        patch.setattr(keys, "SCRYPT_N", 2**4)
        patch.setattr("tests.support.vpn.lab.Authority", Pki)
        with running(tmp_path_factory.mktemp("vpn")) as made:
            yield made


@pytest.fixture(scope="module")
def anna(lab: Lab) -> Holder:
    return lab.authorities["staff"].issue(ANNA)


def test_a_customers_gateway_and_ours_find_each_other(lab: Lab) -> None:
    eventually(lambda: lab.daemons["gw"].installed("example-a"), 15, "the tunnel to the customer with certificates")


@pytest.mark.parametrize("method", METHODS)
def test_staff_get_in(lab: Lab, anna: Holder, method: staff.Method) -> None:
    said = lab.sign_in(ANNA, anna, method)
    assert IN in said, said + lab.daemons["gw"].log.read_text()[-3000:]


@pytest.mark.parametrize("method", METHODS)
def test_the_certificate_of_a_customer_is_none_of_staff(lab: Lab, method: staff.Method) -> None:
    mallory = f"{method}.mallory.example"
    laptop = lab.daemons["laptop"]
    laptop.swanctl("--terminate", "--ike", "provider", "--force")
    laptop.hold("staff", lab.authorities["example-a"].issue(mallory))
    (laptop.folder / "swanctl.conf").write_text(staff.linux(lab.house, ANNA, method).replace(ANNA, mallory))
    laptop.load()
    done = laptop.swanctl("--initiate", "--child", "portal", "--timeout", "8")
    assert IN not in done.stdout + done.stderr
    assert mallory in lab.daemons["gw"].log.read_text(), "it was heard, and refused"


def test_whose_laptop_is_lost_is_out_at_once(lab: Lab, anna: Holder) -> None:
    """The commands are those of docs/pki.md."""
    assert IN in lab.sign_in(ANNA, anna, "pubkey")
    gateway, authority = lab.daemons["gw"], lab.authorities["staff"]
    assert isinstance(authority, Pki)
    assert authority.desk.run("revoke", "anna.provider.example", "--reason", "key-compromise") == 0
    gateway.trust("staff", authority)
    gateway.swanctl("--load-creds", "--clear", "--noprompt")
    gateway.swanctl("--flush-certs", "--type", "x509_crl")
    for method in METHODS:
        gateway.swanctl("--terminate", "--ike", f"staff-{method}", "--force")
    assert [IN in lab.sign_in(ANNA, anna, method) for method in METHODS] == [False, False]
    ben = "ben@provider.example"
    assert IN in lab.sign_in(ben, authority.issue(ben), "pubkey"), "who is not revoked still gets in"
