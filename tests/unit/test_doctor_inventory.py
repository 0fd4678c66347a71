"""./scripts/doctor over an inventory whose hosts are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import doctor

pytestmark = pytest.mark.slow


def test_an_inventory_is_found_from_where_playbooks_are_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert doctor.located(Path("inventories/lab")) == doctor.ANSIBLE / "inventories/lab"
    (tmp_path / "inventories/lab").mkdir(parents=True)
    assert doctor.located(Path("inventories/lab")) == tmp_path / "inventories/lab"


def test_the_playbooks_error_is_shown_and_the_vaults_password_passed_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("vpn: {hosts: {vpn-1: {ansible_connection: nothing-of-this-name}}}\n")
    with pytest.raises(SystemExit, match="not-there"):
        doctor.main(["--inventory", str(inventory), "--vault-password-file", str(tmp_path / "not-there")])
    assert doctor.main(["--inventory", str(inventory)]) == 2
    assert "nothing-of-this-name" in capsys.readouterr().err
