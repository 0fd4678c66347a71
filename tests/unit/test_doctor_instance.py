"""What the doctor says of an instance that an auto-scaling group made."""

from __future__ import annotations

from pathlib import Path

from scripts.operations.doctor.host import Host
from scripts.operations.doctor.machine import instance


def put(root: Path, name: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")


def test_one_that_has_not_configured_itself_to_the_end_is_told_with_where_to_look(tmp_path: Path) -> None:
    put(tmp_path, "etc/proforma/boot.json")
    (found,) = instance(Host(tmp_path))
    assert "cloud-init-output.log" in found.cause
    assert found.remedy.endswith("proforma-boot")


def test_one_that_has_and_a_host_that_people_configure_are_well(tmp_path: Path) -> None:
    assert list(instance(Host(tmp_path))) == []
    put(tmp_path, "etc/proforma/boot.json")
    put(tmp_path, "var/lib/proforma/booted")
    assert list(instance(Host(tmp_path))) == []
